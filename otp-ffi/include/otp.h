/*
 * otp.h: opens credentials that are kept as record and key, and makes them. Link with -lotp.
 *
 *     otp_account *account;
 *     otp_field password;
 *     if (otp_account_open(NULL, &account) != OTP_OK) {
 *         fprintf(stderr, "%s\n", otp_error_message());
 *         return 1;
 *     }
 *     if (otp_account_field(account, "password", &password) == OTP_OK)
 *         log_in(password.value, password.value_len);
 *     otp_account_free(account);
 *
 * For all functions:
 *
 * - Errors: they return an otp_code, or a value that is plainly none (NULL, 0). otp_error_message() then has the whole
 *   story, for this thread. Nothing is printed.
 * - Ownership: what a handle gives belongs to the handle until it is freed, which wipes it. What you give is only
 *   read, and only during the call.
 * - Lengths are bytes. Text ends with a NUL and is UTF-8; paths are whatever the system takes; values and keys come with
 *   their length, and values may have NULs in them.
 * - NULL, a wrong length, invalid UTF-8, a handle that was freed or is of another kind: OTP_USAGE, and nothing else
 *   happens. Freeing NULL, or a handle twice, is nothing.
 * - Threads: any thread may call anything at any time, on the same handle too. Free a handle when nobody reads any
 *   more what it gave. A child made by fork has its own copies of all handles, and frees them itself.
 * - The process is left as it is, unless you call otp_process_harden().
 *
 * This file is made from the source by cbindgen. Don't edit it.
 */

#ifndef OTP_H
#define OTP_H

#include <stddef.h>
#include <stdint.h>

/** An otp_source that says nothing. */
#define OTP_SOURCE_INIT { sizeof(otp_source), NULL, 0, NULL, NULL, NULL, NULL, 0, 0 }

/** An otp_grant that says nothing. */
#define OTP_GRANT_INIT { sizeof(otp_grant), NULL, 0, 0, 0 }

/**
 * Counts the changes of this ABI that old programs notice: `otp_abi_version()` must give what the program was built with.
 */
#define OTP_ABI_VERSION 1

/**
 * The longest account name in bytes, without the NUL.
 */
#define OTP_ACCOUNT_NAME_MAX 128

/**
 * The longest secret in bytes.
 */
#define OTP_SECRET_MAX 65535

/**
 * `otp_process_harden` turned core dumps off.
 */
#define OTP_NO_CORE_DUMPS 1

/**
 * `otp_process_harden` closed the process's memory to others of the same user.
 */
#define OTP_NOT_DUMPABLE 2

/**
 * How a call ended. The numbers are those that the program `otp` exits with, and are never reused.
 */
typedef enum otp_code {
    /**
     * It did what it was asked to do.
     */
    OTP_OK = 0,
    /**
     * Anything that has no number of its own.
     */
    OTP_OTHER = 1,
    /**
     * The call is not one that can be carried out: NULL, a wrong length, invalid UTF-8, a handle that is not open.
     */
    OTP_USAGE = 2,
    /**
     * No such account or key: revoked, rotated away, or never there.
     */
    OTP_NOT_FOUND = 3,
    /**
     * The key's text is malformed.
     */
    OTP_MALFORMED_KEY = 4,
    /**
     * The key does not open this record: the wrong key, or the record was tampered with.
     */
    OTP_WRONG_KEY = 5,
    /**
     * The record has expired.
     */
    OTP_EXPIRED = 6,
    /**
     * The record is damaged.
     */
    OTP_DAMAGED = 7,
    /**
     * A newer version of this software wrote the record or the key.
     */
    OTP_NEWER_VERSION = 8,
    /**
     * What was to be made exists already.
     */
    OTP_EXISTS = 9,
    /**
     * Others can read or write what only the owner may.
     */
    OTP_UNSAFE_PERMISSIONS = 10,
    /**
     * The source of randomness failed, or failed its health tests.
     */
    OTP_RANDOMNESS_FAILED = 11,
    /**
     * The store can't be read or written.
     */
    OTP_STORE_UNAVAILABLE = 12,
} otp_code;

/**
 * An account that is open. A handle: not an address, never given twice.
 */
typedef struct otp_account otp_account;

/**
 * One or more new keys. A handle: not an address, never given twice.
 */
typedef struct otp_keys otp_keys;

/**
 * Where the key and the record come from. Set all of it to zeros and `size` to its size (`OTP_SOURCE_INIT` does), then
 * set what you want to say.
 *
 * The key comes from `key`, `key_file` or `has_key_fd`, of which at most one may be given. With none of them it is
 * looked for as the program `otp` does: the file that `OTP_KEY_FILE` names, `OTP_KEY`, then the file `otp-key` in
 * systemd's `CREDENTIALS_DIRECTORY`. A key file must be its owner's alone (mode 0600).
 *
 * The record is the key's in the store at `store`, or without that in the one that `OTP_STORE` names, or in the
 * platform's directory for a user's data. With `record` it is that file, and `store` stays NULL.
 *
 * The library only reads what the members lead to, and only during the call.
 */
typedef struct otp_source {
    /**
     * `sizeof(otp_source)`.
     */
    size_t size;
    /**
     * The key's text, which need not end with a NUL; or NULL.
     */
    const char *key;
    /**
     * The length of the key's text in bytes.
     */
    size_t key_len;
    /**
     * A file that has the key, or "-" for standard input; or NULL.
     */
    const char *key_file;
    /**
     * The account that the key must be for; or NULL for whichever it is for.
     */
    const char *account;
    /**
     * The store's directory; or NULL.
     */
    const char *store;
    /**
     * A record's file, instead of a store; or NULL.
     */
    const char *record;
    /**
     * Not 0: read the key from the file descriptor `key_fd`.
     */
    int has_key_fd;
    /**
     * The file descriptor. It is read to its end and stays yours; it is closed if the process becomes another one.
     */
    int key_fd;
} otp_source;

/**
 * A field of an account: its name, and its value, which is any bytes and may have NULs in it.
 *
 * One that the library fills in belongs to the account's handle, which keeps it until it is freed; a NUL that does not
 * count stands behind the name, and none behind the value.
 */
typedef struct otp_field {
    /**
     * The name, in UTF-8 and with a NUL at its end: "username", "password", or any other.
     */
    const char *name;
    /**
     * The value.
     */
    const char *value;
    /**
     * The length of the value in bytes.
     */
    size_t value_len;
} otp_field;

/**
 * A new key. What its members lead to belongs to the handle of the keys, which keeps it until it is freed.
 */
typedef struct otp_key {
    /**
     * The key's text, which is secret; a NUL that does not count stands at its end.
     */
    const char *text;
    /**
     * The length of the text in bytes.
     */
    size_t text_len;
    /**
     * The account that it opens.
     */
    const char *account;
    /**
     * Its id: 16 characters. It is not secret.
     */
    const char *id;
    /**
     * Who holds it; or NULL.
     */
    const char *holder;
    /**
     * The id of the key that it takes the place of, after a rotation; or NULL.
     */
    const char *replaces;
} otp_key;

/**
 * The terms of a new key. Set all of it to zeros and `size` to its size (`OTP_GRANT_INIT` does), then set what you want.
 */
typedef struct otp_grant {
    /**
     * `sizeof(otp_grant)`.
     */
    size_t size;
    /**
     * Who will hold the key: up to 64 bytes of UTF-8 without control characters; or NULL.
     */
    const char *holder;
    /**
     * From when on the key does not open any more, in seconds after 1970-01-01T00:00:00Z; 0: it always does.
     */
    uint64_t expires;
    /**
     * Bytes of the frame that hides the secret's length: 64, 128, 256 and so on to 32768, or 65535; 0: the smallest
     * that fits.
     */
    uint32_t capacity;
    /**
     * 0.
     */
    uint32_t reserved;
} otp_grant;

/**
 * Takes the new keys of a rotation, while all the old ones still open. 0 says that each is where it belongs; anything
 * else, that the rotation is to be taken back. It must return: no exception, no `longjmp`.
 */
typedef int (*otp_hand_over)(void *context, const struct otp_keys *keys);

/**
 * What a store says of one key. All of it is public, and valid only during the call of the function that gets it.
 */
typedef struct otp_key_info {
    /**
     * Its id: 16 characters and a NUL.
     */
    const char *id;
    /**
     * Who holds it; or NULL.
     */
    const char *holder;
    /**
     * When it was sealed, in seconds after 1970-01-01T00:00:00Z.
     */
    uint64_t created;
    /**
     * From when on it does not open any more, in seconds after 1970; 0: it always does.
     */
    uint64_t expires;
    /**
     * Until when it still opens the old secret, in seconds after 1970, if it has been replaced; otherwise 0.
     */
    uint64_t grace_ends;
    /**
     * Bytes of its frame: 64, 128 and so on.
     */
    uint32_t capacity;
} otp_key_info;

/**
 * Gets what the store says of one key. 0 goes on, anything else ends the list. It must return.
 */
typedef int (*otp_visit_key)(void *context, const struct otp_key_info *key);

/**
 * Gets the name of one account, valid only during the call. 0 goes on, anything else ends the list. It must return.
 */
typedef int (*otp_visit_account)(void *context, const char *account);

/**
 * A record that is damaged. All of it is public, and valid only during the call of the function that gets it.
 */
typedef struct otp_fault {
    /**
     * The account that it belongs to.
     */
    const char *account;
    /**
     * The id of its key.
     */
    const char *key_id;
    /**
     * What is wrong, as a code: mostly OTP_DAMAGED or OTP_NEWER_VERSION.
     */
    int code;
    /**
     * What is wrong, in words.
     */
    const char *message;
} otp_fault;

/**
 * Gets one record that is damaged. 0 goes on, anything else ends the search. It must return.
 */
typedef int (*otp_visit_fault)(void *context, const struct otp_fault *fault);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Opens an account: reads the key, reads its record, and opens it.
 *
 * `source` says where both come from; NULL looks for both as the program `otp` does. On success `*account` is a new
 * handle, for `otp_account_free`; on failure it is NULL. The fields stand in memory that is kept off swap and core
 * dumps where the system lets us.
 *
 * OTP_USAGE, OTP_NOT_FOUND, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION,
 * OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, or OTP_OTHER if the key file can't be read.
 *
 * # Safety
 *
 * `source` is NULL or leads to an `otp_source` whose members lead to what they say; `account` leads to room for a
 * pointer.
 */
enum otp_code otp_account_open(const struct otp_source *source, struct otp_account **account);

/**
 * The account's name, with a NUL at its end; NULL if the handle is not open. It is valid until the handle is freed.
 */
const char *otp_account_name(const struct otp_account *account);

/**
 * The id of the key that opened it: 16 characters and a NUL; NULL if the handle is not open. It is valid until the
 * handle is freed, and not secret.
 */
const char *otp_account_key_id(const struct otp_account *account);

/**
 * How many fields it has; 0 if the handle is not open.
 */
size_t otp_account_count(const struct otp_account *account);

/**
 * The field of a name. What `*field` leads to is valid until the handle is freed; on failure it is all zeros.
 *
 * OTP_USAGE, or OTP_OTHER if there is no such field.
 *
 * # Safety
 *
 * `name` is NULL or ends with a NUL; `field` leads to room for an `otp_field`.
 */
enum otp_code otp_account_field(const struct otp_account *account, const char *name, struct otp_field *field);

/**
 * The field at an index, from 0 on: the usual names first, then the others in the order of their bytes.
 *
 * What `*field` leads to is valid until the handle is freed; on failure it is all zeros. OTP_USAGE if there is none.
 *
 * # Safety
 *
 * `field` leads to room for an `otp_field`.
 */
enum otp_code otp_account_field_at(const struct otp_account *account, size_t index, struct otp_field *field);

/**
 * Wipes the account's fields and frees the handle. With NULL, or a handle that is not open, it does nothing.
 */
void otp_account_free(struct otp_account *account);

/**
 * The name of a code: "ok", "other", "usage", "not-found" and so on; "unknown" if there is no such code.
 *
 * The text is static. Any thread may call this at any time.
 */
const char *otp_code_name(int code);

/**
 * What a code means, in a few words; "unknown" if there is no such code.
 *
 * The text is static. Any thread may call this at any time.
 */
const char *otp_code_meaning(int code);

/**
 * The code of this thread's last call that failed; OTP_OK if none did. A call that succeeds leaves it as it is.
 */
int otp_error_code(void);

/**
 * What went wrong in this thread's last call that failed: what, where, and what to do, with all causes, in UTF-8.
 *
 * It never holds anything secret. It is "" if no call failed. The text is valid until the next call of this library
 * that fails in this thread, or until the thread ends.
 */
const char *otp_error_message(void);

/**
 * How many keys there are; 0 if the handle is not open.
 */
size_t otp_keys_count(const struct otp_keys *keys);

/**
 * The key at an index, from 0 on. What `*key` leads to is valid until the handle is freed; on failure it is all zeros.
 *
 * OTP_USAGE if there is none.
 *
 * # Safety
 *
 * `key` leads to room for an `otp_key`.
 */
enum otp_code otp_keys_at(const struct otp_keys *keys, size_t index, struct otp_key *key);

/**
 * Writes the key at an index to a new file that only this user can read (mode 0600), with a newline behind it, durably.
 *
 * OTP_USAGE, OTP_EXISTS if anything has that name, which stays as it is, or OTP_OTHER; no file is then left behind.
 *
 * # Safety
 *
 * `path` is NULL or ends with a NUL.
 */
enum otp_code otp_keys_write(const struct otp_keys *keys, size_t index, const char *path);

/**
 * Wipes the keys and frees the handle. With NULL, or a handle that is not open, it does nothing.
 */
void otp_keys_free(struct otp_keys *keys);

/**
 * Seals the secret of a key again for one more caller: gives him a key of his own, which can be revoked without touching
 * the others.
 *
 * `source` gives the key to the account; NULL looks for it. `grant` has the terms of the new key; NULL has none. On
 * success `*keys` is a new handle with one key, for `otp_keys_free`; on failure it is NULL.
 *
 * As `otp_account_open`, and OTP_RANDOMNESS_FAILED. OTP_OTHER also if somebody is rotating the account.
 *
 * # Safety
 *
 * `source` and `grant` are NULL or lead to structures whose members lead to what they say; `keys` leads to room for a
 * pointer.
 */
enum otp_code otp_key_issue(const struct otp_source *source,
                            const struct otp_grant *grant,
                            struct otp_keys **keys);

/**
 * Ends one key: its record is deleted, and a trace of it stays. The account's other keys are not touched.
 *
 * `store` is the store's directory; NULL looks for it. `key_id` has 16 characters.
 *
 * OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE; OTP_OTHER if somebody is rotating the account.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to text with a NUL at its end.
 */
enum otp_code otp_key_revoke(const char *store,
                             const char *account,
                             const char *key_id);

/**
 * Checks that a key opens its record, without opening it: both are whole, and fit together. Expiry does not matter.
 *
 * As `otp_account_open`, but never OTP_EXPIRED.
 *
 * # Safety
 *
 * `source` is NULL or leads to an `otp_source` whose members lead to what they say.
 */
enum otp_code otp_key_verify(const struct otp_source *source);

/**
 * The version of this library, such as "1.2.3". The text is static.
 */
const char *otp_version(void);

/**
 * The version of the ABI that this library has. Compare it with `OTP_ABI_VERSION`, which the header has.
 */
uint32_t otp_abi_version(void);

/**
 * Turns off core dumps of this process, and closes its memory to other processes of the same user, as far as the system
 * lets it; `OTP_NO_CORE_DUMPS` and `OTP_NOT_DUMPABLE` in the result say what worked.
 *
 * The library does not do this by itself, since it changes the whole process: debuggers and profilers can't attach
 * any more, and files below /proc/self may belong to root.
 */
unsigned int otp_process_harden(void);

/**
 * Seals bytes into a record and a key, without any store.
 *
 * `secret` has `secret_len` bytes, at most 65,535. `account` is what the key and the record are for; `grant` has the
 * terms, and NULL has none. `record` and `key` are the caller's buffers; `*record_len` and `*key_len` say how many bytes
 * they have, and get how many were written. The key's text ends with a NUL that `*key_len` does not count.
 *
 * With `record` and `key` both NULL nothing is sealed, and the two lengths get what buffers need (of the key with its
 * NUL). If a buffer is too small, the lengths get what they need as well, and the result is OTP_USAGE. On any failure the
 * buffers hold nothing of secret or key.
 *
 * OTP_USAGE, OTP_RANDOMNESS_FAILED.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to what it says; the buffers overlap nothing.
 */
enum otp_code otp_seal(const char *account,
                       const void *secret,
                       size_t secret_len,
                       const struct otp_grant *grant,
                       void *record,
                       size_t *record_len,
                       char *key,
                       size_t *key_len);

/**
 * Opens a record with its key, without any store, and gives the bytes that were sealed.
 *
 * `key` has `key_len` bytes, `record` has `record_len`. `secret` is the caller's buffer; `*secret_len` says how many
 * bytes it has, and gets how many were written. If it is too small, `*secret_len` gets what is needed, and the result is
 * OTP_USAGE; 65,535 bytes always do. On any failure nothing was written to it. The caller wipes it.
 *
 * The bytes are what `otp_seal` was given. Those of a record from a store are an account's fields in their encoding,
 * for which `otp_account_open` is made.
 *
 * OTP_USAGE, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to what it says; the buffer overlaps nothing.
 */
enum otp_code otp_open(const char *key,
                       size_t key_len,
                       const void *record,
                       size_t record_len,
                       void *secret,
                       size_t *secret_len);

/**
 * Overwrites memory that held a secret with zeros, in a way that no compiler leaves out. With NULL it does nothing.
 *
 * # Safety
 *
 * `memory` is NULL or leads to `len` bytes that nobody else uses.
 */
void otp_wipe(void *memory, size_t len);

/**
 * Seals fields for a new account, and gives its first key. The store is made, for this user alone, if it is missing.
 *
 * `store` is the store's directory; NULL looks for it. `account` is parts of a-z, 0-9, '.', '_', '-' joined by '/'.
 * `fields` has `count` fields, of which there must be one at least, each name once. `grant` has the key's terms; NULL has
 * none. On success `*keys` is a new handle with one key, for `otp_keys_free`; on failure it is NULL.
 *
 * OTP_USAGE, OTP_EXISTS, OTP_UNSAFE_PERMISSIONS, OTP_RANDOMNESS_FAILED, OTP_STORE_UNAVAILABLE.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to what it says; `keys` leads to room for a pointer.
 */
enum otp_code otp_account_add(const char *store,
                              const char *account,
                              const struct otp_field *fields,
                              size_t count,
                              const struct otp_grant *grant,
                              struct otp_keys **keys);

/**
 * Gives an account a new secret, and each of its keys that opens today a new key in its place.
 *
 * `source` names the account, which it must. If it gives a key, or one is found, the fields that are not among `fields`
 * stay as they are; without a key all of them have to be given anew. The members of `grant` that are set count for all new
 * keys; otherwise each has the holder and expiry of the one that it replaces. With `grace_secs`, the old keys open the
 * old secret for that many seconds more; with 0, not at all.
 *
 * `hand_over`, if it is not NULL, is called with the new keys and `context` before any old key ends: put them where
 * they belong, and then return 0. If it returns anything else, the old keys stay, the new ones are taken back, and the
 * result is OTP_OTHER. The account is locked meanwhile: don't change it from there.
 *
 * On success `*keys` is a new handle with all new keys, for `otp_keys_free`. On failure it is NULL, except where the old
 * keys could not be ended (OTP_STORE_UNAVAILABLE or OTP_OTHER): the new keys open then, so keep them, and rotate again.
 *
 * As `otp_key_issue`; OTP_NOT_FOUND if the account has no key, OTP_EXPIRED if all have expired.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to what it says; `keys` leads to room for a pointer; `hand_over` is a function of that
 * type.
 */
enum otp_code otp_account_rotate(const struct otp_source *source,
                                 const struct otp_field *fields,
                                 size_t count,
                                 const struct otp_grant *grant,
                                 uint64_t grace_secs,
                                 otp_hand_over hand_over,
                                 void *context,
                                 struct otp_keys **keys);

/**
 * Deletes an account: all its records, and all traces of the keys that it had.
 *
 * `store` is the store's directory; NULL looks for it.
 *
 * OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to text with a NUL at its end.
 */
enum otp_code otp_account_remove(const char *store, const char *account);

/**
 * Gives what the store says of an account's keys, sorted by id, letters before digits. It needs no key.
 *
 * `store` is the store's directory; NULL looks for it. `visit` gets each key, and `context`.
 *
 * OTP_USAGE, OTP_NOT_FOUND, OTP_DAMAGED, OTP_NEWER_VERSION, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to text with a NUL at its end; `visit` is NULL or a function of that type.
 */
enum otp_code otp_account_info(const char *store, const char *account, otp_visit_key visit, void *context);

/**
 * Gives the accounts of a store whose names start with `prefix`, in the order of their names. It needs no key.
 *
 * `store` is the store's directory; NULL looks for it. `prefix` may be NULL for all. `visit` gets each name, and `context`.
 *
 * OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to text with a NUL at its end; `visit` is NULL or a function of that type.
 */
enum otp_code otp_store_list(const char *store,
                             const char *prefix,
                             otp_visit_account visit,
                             void *context);

/**
 * Checks that every record of the accounts whose names start with `prefix` is whole. It needs no key.
 *
 * `store` is the store's directory; NULL looks for it. `prefix` may be NULL for all. `visit` gets each fault, and
 * `context`; NULL only counts. `*records` and `*faults` get how many records were looked at and how many are faulty;
 * either pointer may be NULL. A faulty record is no failure of the call.
 *
 * OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
 *
 * # Safety
 *
 * Each pointer is NULL or leads to what it says; `visit` is NULL or a function of that type.
 */
enum otp_code otp_store_verify(const char *store,
                               const char *prefix,
                               otp_visit_fault visit,
                               void *context,
                               uint64_t *records,
                               uint64_t *faults);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* OTP_H */
