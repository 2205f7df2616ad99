/* Every function, and every error, as a C program meets them; those with a ring are in ring.c. Its argument is an empty
 * folder to work in. tests/abi.rs builds and runs it; `cargo xtask abi` also builds it as C++17, and runs it under
 * AddressSanitizer and valgrind. */

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void versions_and_codes(void)
{
    CHECK(otp_abi_version() == OTP_ABI_VERSION);
    CHECK(strchr(otp_version(), '.') != NULL);
    CHECK(otp_error_code() == OTP_OK && strcmp(otp_error_message(), "") == 0 && strcmp(otp_error_hint(), "") == 0);
    CHECK(strcmp(otp_code_name(OTP_OK), "ok") == 0);
    CHECK(strcmp(otp_code_name(OTP_STORE_UNAVAILABLE), "store-unavailable") == 0);
    CHECK(strcmp(otp_code_name(OTP_EXPIRING_SOON), "expiring-soon") == 0);
    CHECK(strcmp(otp_code_summary(OTP_WRONG_KEY), "unknown") != 0);
    CHECK(strcmp(otp_code_name(-1), "unknown") == 0 && strcmp(otp_code_summary(1000), "unknown") == 0);
}

static void an_account_opens_with_its_key(void)
{
    otp_keys *keys = add("edms/reporting", "nightly");
    otp_key key = first(keys);
    otp_source source = source_of(key.text);
    otp_account *account, *again;
    otp_field field;

    CHECK(strlen(key.text) == key.text_len && strncmp(key.text, "otpk1_", 6) == 0);
    CHECK(strcmp(key.account, "edms/reporting") == 0 && strlen(key.id) == 16);
    CHECK(strcmp(key.holder, "nightly") == 0 && key.replaces == NULL);

    WORKS(otp_account_open(&source, &account));
    CHECK(strcmp(otp_account_name(account), "edms/reporting") == 0);
    CHECK(strcmp(otp_account_key_id(account), key.id) == 0);
    CHECK(otp_account_count(account) == 3);
    WORKS(otp_account_field(account, "username", &field));
    CHECK(field.value_len == 5 && memcmp(field.value, "alice", 5) == 0 && strcmp(field.name, "username") == 0);
    WORKS(otp_account_field(account, "password", &field));
    CHECK(field.value_len == 3 && memcmp(field.value, "p\0\xff", 3) == 0);
    WORKS(otp_account_field_at(account, 0, &field));
    CHECK(strcmp(field.name, "username") == 0);
    WORKS(otp_account_field_at(account, 2, &field));
    CHECK(strcmp(field.name, "zebra") == 0 && field.value_len == 0);

    FAILS(OTP_OTHER, otp_account_field(account, "token", &field));
    CHECK(field.name == NULL && field.value == NULL && field.value_len == 0);
    FAILS(OTP_USAGE, otp_account_field(account, NULL, &field));
    FAILS(OTP_USAGE, otp_account_field(account, "\xff", &field));
    FAILS(OTP_USAGE, otp_account_field(account, "username", NULL));
    HINTS(OTP_USAGE, "otp_account_count", otp_account_field_at(account, 3, &field));
    HINTS(OTP_USAGE, "otp_account_count", otp_account_field_at(account, SIZE_MAX, &field));
    FAILS(OTP_USAGE, otp_account_field_at(account, 0, NULL));

    /* A template: what fits is written with a NUL behind it, and what does not is not written at all. */
    char text[16] = "untouched";
    size_t text_len = sizeof text;
    WORKS(otp_account_format(account, "u:{username|odbc}{{", text, &text_len));
    CHECK(text_len == 10 && strcmp(text, "u:{alice}{") == 0);
    text_len = 10;
    HINTS(OTP_USAGE, "call again", otp_account_format(account, "{username}!!!!!", text, &text_len));
    CHECK(text_len == 11 && strcmp(text, "u:{alice}{") == 0);
    FAILS(OTP_USAGE, otp_account_format(account, "{username", text, &text_len));
    CHECK(text_len == 0);
    text_len = sizeof text;
    HINTS(OTP_USAGE, "base64", otp_account_format(account, "{username|html}", text, &text_len));
    text_len = sizeof text;
    FAILS(OTP_OTHER, otp_account_format(account, "{token}", text, &text_len));
    text_len = sizeof text;
    FAILS(OTP_OTHER, otp_account_format(account, "{password|sh}", text, &text_len));
    text_len = sizeof text;
    FAILS(OTP_USAGE, otp_account_format(account, NULL, text, &text_len));
    text_len = sizeof text;
    FAILS(OTP_USAGE, otp_account_format(account, "{username}", NULL, &text_len));
    FAILS(OTP_USAGE, otp_account_format(account, "{username}", text, NULL));
    FAILS(OTP_USAGE, otp_account_format(NULL, "{username}", text, &text_len));
    CHECK(strcmp(text, "u:{alice}{") == 0);

    /* A second handle is another one, and ending one does nothing to the other. */
    WORKS(otp_account_open(&source, &again));
    CHECK(again != account);
    otp_account_free(account);
    CHECK(otp_account_count(again) == 3);
    otp_account_free(again);

    /* A handle that is over, of another kind, or was never given is refused, and freeing it does nothing. */
    HINTS(OTP_USAGE, "has not been freed", otp_account_field(account, "username", &field));
    HINTS(OTP_USAGE, "has not been freed", otp_account_field_at((otp_account *)(void *)keys, 0, &field));
    HINTS(OTP_USAGE, "has not been freed", otp_account_field_at((otp_account *)(void *)&field, 0, &field));
    FAILS(OTP_USAGE, otp_account_field(NULL, "username", &field));
    CHECK(otp_account_count(account) == 0 && otp_account_count(NULL) == 0 && otp_error_code() == OTP_USAGE);
    CHECK(otp_account_name(account) == NULL && otp_account_key_id(NULL) == NULL);
    otp_account_free(account);
    otp_account_free(NULL);
    otp_account_free((otp_account *)(void *)keys);
    CHECK(otp_keys_count(keys) == 1);

    HINTS(OTP_USAGE, "otp_keys_count", otp_keys_at(keys, 1, &key));
    CHECK(key.text == NULL && key.text_len == 0 && key.id == NULL);
    FAILS(OTP_USAGE, otp_keys_at(keys, 0, NULL));
    FAILS(OTP_USAGE, otp_keys_at(NULL, 0, &key));
    otp_keys_free(keys);
    HINTS(OTP_USAGE, "has not been freed", otp_keys_at(keys, 0, &key));
    HINTS(OTP_USAGE, "has not been freed", otp_keys_write(keys, 0, in_folder("key")));
    CHECK(otp_keys_count(keys) == 0 && otp_keys_count(NULL) == 0);
    otp_keys_free(keys);
    otp_keys_free(NULL);
    WORKS(otp_account_remove(store, NULL, "edms/reporting", 0));
}

static void keys_come_from_where_the_caller_says(void)
{
    otp_keys *keys = add("a", NULL);
    otp_key key = first(keys);
    otp_source source = OTP_SOURCE_INIT;
    otp_account *account;
    char file[2000], record[2000], text[4096];
    size_t len;
    int fds[2];
    struct stat status;

    snprintf(file, sizeof file, "%s/a.key", folder);
    snprintf(record, sizeof record, "%s/a/%s.otp", store, key.id);
    WORKS(otp_keys_write(keys, 0, file));
    CHECK(stat(file, &status) == 0 && (status.st_mode & 0777) == 0600);
    len = read_file(file, text, sizeof text);
    CHECK(len == key.text_len + 1 && memcmp(text, key.text, key.text_len) == 0 && text[len - 1] == '\n');
    HINTS(OTP_EXISTS, "another path", otp_keys_write(keys, 0, file));
    HINTS(OTP_USAGE, "otp_keys_count", otp_keys_write(keys, 7, in_folder("b.key")));
    FAILS(OTP_USAGE, otp_keys_write(keys, 0, NULL));
    FAILS(OTP_USAGE, otp_keys_write(keys, 0, ""));
    FAILS(OTP_OTHER, otp_keys_write(keys, 0, in_folder("nowhere/b.key")));

    /* Windows alone has credentials. */
    FAILS(OTP_USAGE, otp_keys_write_credential(keys, 0, "otp-test"));
    FAILS(OTP_USAGE, otp_keys_write_credential(keys, 0, NULL));
    source.store = store;
    source.key_credential = "otp-test";
    HINTS(OTP_USAGE, "key_file", opens_old(source));
    source.key_credential = NULL;
    source.key_file = file;
    WORKS(opens_old(source));
    source.account = "a";
    WORKS(opens_old(source));
    source.account = "other";
    HINTS(OTP_WRONG_KEY, "key for other", opens_old(source));
    source.account = "No Name";
    HINTS(OTP_USAGE, "a-z", opens_old(source));
    source.account = NULL;

    /* A record that lies elsewhere. */
    source.record = record;
    HINTS(OTP_USAGE, "not both", opens_old(source));
    source.store = NULL;
    WORKS(opens_old(source));
    WORKS(otp_key_verify(&source));
    source.record = in_folder("nowhere");
    FAILS(OTP_STORE_UNAVAILABLE, opens_old(source));
    source.record = NULL;
    source.store = store;

    /* A descriptor, with white space around the key. */
    CHECK(pipe(fds) == 0);
    CHECK(write(fds[1], " \n", 2) == 2 && write(fds[1], key.text, key.text_len) == (ssize_t)key.text_len);
    close(fds[1]);
    source.has_key_fd = 1;
    source.key_fd = fds[0];
    HINTS(OTP_USAGE, "only one of key", opens_old(source));
    source.key_file = NULL;
    WORKS(opens_old(source));
    close(fds[0]);
    FAILS(OTP_OTHER, opens_old(source));
    source.key_fd = -1;
    FAILS(OTP_OTHER, opens_old(source));
    source.has_key_fd = 0;
    source.key_file = file;
    source.key = key.text;
    source.key_len = key.text_len;
    HINTS(OTP_USAGE, "only one of key", opens_old(source));
    source.key_file = NULL;
    WORKS(opens_old(source));
    source.key = NULL;
    source.key_len = 0;

    /* The environment, which counts if the caller says nothing. */
    HINTS(OTP_USAGE, "OTP_KEY_FILE", opens_old(source));
    HINTS(OTP_USAGE, "OTP_KEY_FILE", otp_account_open(NULL, &account));
    setenv("OTP_KEY_FILE", file, 1);
    setenv("OTP_STORE", store, 1);
    WORKS(otp_account_open(NULL, &account));
    otp_account_free(account);
    WORKS(otp_key_verify(NULL));
    unsetenv("OTP_KEY_FILE");
    setenv("OTP_KEY", key.text, 1);
    WORKS(otp_account_open(NULL, &account));
    otp_account_free(account);
    unsetenv("OTP_KEY");
    unsetenv("OTP_STORE");
    setenv("HOME", "relative", 1);
    unsetenv("XDG_DATA_HOME");
    HINTS(OTP_USAGE, "OTP_STORE", otp_account_remove(NULL, NULL, "a", 0));

    /* What is no structure, or no place for a result. */
    source.key_file = file;
    FAILS(OTP_USAGE, otp_account_open(&source, NULL));
    FAILS(OTP_USAGE, otp_account_open(&source, (otp_account **)(void *)((char *)&account + 1)));
    source.size = 8;
    HINTS(OTP_USAGE, "OTP_SOURCE_INIT", opens_old(source));
    source.size = 0;
    HINTS(OTP_USAGE, "OTP_SOURCE_INIT", otp_key_verify(&source));
    source.size = sizeof source;
    FAILS(OTP_USAGE, otp_key_verify((const otp_source *)(const void *)((const char *)&source + 1)));
    source.key_file = "";
    FAILS(OTP_USAGE, opens_old(source));
    source.key_file = NULL;
    source.key_len = 5;
    FAILS(OTP_USAGE, opens_old(source));
    source.key = key.text;
    source.key_len = SIZE_MAX;
    FAILS(OTP_USAGE, opens_old(source));
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

static void keys_and_records_that_are_changed_are_refused(void)
{
    otp_keys *keys = add("codes", NULL), *others = add("others", NULL), *more;
    otp_key key = first(keys);
    otp_source source = source_of(key.text);
    char path[2000], other_path[2000], open_path[2000], text[4096], good[4096], other[4096];
    size_t len, other_len;

    /* Keys that are cut, each in memory of its own so that reading past its end would be seen. */
    for (len = 0; len < key.text_len; len++) {
        char *cut = (char *)malloc(len + 1);
        memcpy(cut, key.text, len);
        source.key = cut;
        source.key_len = len;
        HINTS(OTP_MALFORMED_KEY, len == 0 ? "check" : "whole key", opens_old(source));
        free(cut);
    }
    memcpy(text, key.text, key.text_len);
    text[40] = text[40] == 'a' ? 'b' : 'a';
    source.key = text;
    source.key_len = key.text_len;
    HINTS(OTP_MALFORMED_KEY, "whole key", opens_old(source));
    memset(text, 0xff, sizeof text);
    source.key_len = sizeof text;
    HINTS(OTP_MALFORMED_KEY, "whole key", opens_old(source));
    source = source_of("otpk2_abc");
    HINTS(OTP_NEWER_VERSION, "update", opens_old(source));
    source = source_of(key.text);

    snprintf(path, sizeof path, "%s/codes/%s.otp", store, key.id);
    snprintf(other_path, sizeof other_path, "%s/others/%s.otp", store, first(others).id);
    len = read_file(path, good, sizeof good);
    other_len = read_file(other_path, other, sizeof other);
    memcpy(text, good, len);
    text[len - 30] ^= 1;
    write_file(path, text, len, 0600);
    HINTS(OTP_DAMAGED, "otp_key_revoke", opens_old(source));
    HINTS(OTP_DAMAGED, "otp_key_revoke", otp_key_verify(&source));
    HINTS(OTP_DAMAGED, "otp_key_revoke", otp_key_issue(&source, NULL, NULL, &more));
    CHECK(more == NULL);
    write_file(path, good, len - 1, 0600);
    HINTS(OTP_DAMAGED, "otp_key_revoke", opens_old(source));
    write_file(path, "", 0, 0600);
    HINTS(OTP_DAMAGED, "otp_key_revoke", opens_old(source));
    write_file(path, other, other_len, 0600);
    FAILS(OTP_WRONG_KEY, opens_old(source));
    FAILS(OTP_WRONG_KEY, otp_key_verify(&source));
    write_file(path, good, len, 0622);
    HINTS(OTP_UNSAFE_PERMISSIONS, "chmod go-w", opens_old(source));
    write_file(path, good, len, 0600);
    WORKS(opens_old(source));

    /* A key file that others can read. */
    snprintf(open_path, sizeof open_path, "%s/open.key", folder);
    write_file(open_path, key.text, key.text_len, 0644);
    source.key = NULL;
    source.key_len = 0;
    source.key_file = open_path;
    HINTS(OTP_UNSAFE_PERMISSIONS, "any_key_file_mode", opens_old(source));
    source.any_key_file_mode = 1;
    WORKS(opens_old(source));
    source = source_of(key.text);
    source.store = in_folder("nowhere");
    HINTS(OTP_STORE_UNAVAILABLE, "otp_account_add", opens_old(source));
    otp_keys_free(keys);
    otp_keys_free(others);
    WORKS(otp_account_remove(store, NULL, "codes", 0));
    WORKS(otp_account_remove(store, NULL, "others", 0));
}

static void what_can_not_be_sealed_is_refused(void)
{
    static const otp_field no_password[] = {{"username", "u", 1}, {"password", NULL, 0}};
    otp_keys *keys = add("codes", NULL), *more;
    otp_source source = source_of(first(keys).text);
    otp_grant grant = OTP_GRANT_INIT;
    otp_field twice[] = {{"x", "1", 1}, {"x", "2", 1}}, none[] = {{NULL, "1", 1}}, invalid[] = {{"\xc0", "1", 1}};
    otp_field control[] = {{"a\nb", "1", 1}}, empty[] = {{"", "1", 1}}, null_value[] = {{"x", NULL, 1}};
    otp_field huge[] = {{"x", "1", SIZE_MAX}};

    HINTS(OTP_EXISTS, "otp_key_issue", otp_account_add(store, NULL, "codes", FIELDS, 3, NULL, &more));
    CHECK(more == NULL);
    FAILS(OTP_STORE_UNAVAILABLE, otp_account_add("/dev/null/store", NULL, "a", FIELDS, 3, NULL, &more));
    HINTS(OTP_USAGE, "a-z", otp_account_add(store, NULL, "Not A Name", FIELDS, 3, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, NULL, FIELDS, 3, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "\xff", FIELDS, 3, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", FIELDS, 3, NULL, NULL));
    HINTS(OTP_USAGE, "such as username", otp_account_add(store, NULL, "new", NULL, 0, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", NULL, 1, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", FIELDS, SIZE_MAX / 8, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", FIELDS, SIZE_MAX, NULL, &more));
    HINTS(OTP_USAGE, "each field once", otp_account_add(store, NULL, "new", twice, 2, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", none, 1, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", invalid, 1, NULL, &more));
    HINTS(OTP_USAGE, "255 bytes", otp_account_add(store, NULL, "new", control, 1, NULL, &more));
    HINTS(OTP_USAGE, "255 bytes", otp_account_add(store, NULL, "new", empty, 1, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", null_value, 1, NULL, &more));
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", huge, 1, NULL, &more));

    grant.holder = "";
    HINTS(OTP_USAGE, "64 bytes", otp_account_add(store, NULL, "new", FIELDS, 3, &grant, &more));
    grant.holder = "\xff";
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "new", FIELDS, 3, &grant, &more));
    grant.holder = NULL;
    grant.capacity = 65;
    HINTS(OTP_USAGE, "64, 128, 256", otp_account_add(store, NULL, "new", FIELDS, 3, &grant, &more));
    grant.capacity = 65536;
    HINTS(OTP_USAGE, "64, 128, 256", otp_key_issue(&source, NULL, &grant, &more));
    grant.capacity = 0;
    grant.expires = 1;
    HINTS(OTP_USAGE, "in the future", otp_key_issue(&source, NULL, &grant, &more));
    grant.expires = UINT64_MAX;
    HINTS(OTP_USAGE, "year 10000", otp_key_issue(&source, NULL, &grant, &more));
    grant.expires = 0;
    source.reserved = 1;
    HINTS(OTP_USAGE, "OTP_SOURCE_INIT", otp_key_issue(&source, NULL, &grant, &more));
    source.reserved = 0;
    HINTS(OTP_USAGE, "allow_empty_password", otp_account_add(store, NULL, "new", no_password, 2, &grant, &more));
    grant.allow_empty_password = 1;
    WORKS(otp_account_add(store, NULL, "new", no_password, 2, &grant, &more));
    otp_keys_free(more);
    WORKS(otp_account_remove(store, NULL, "new", 0));
    grant.allow_empty_password = 0;
    grant.size = 4;
    HINTS(OTP_USAGE, "OTP_GRANT_INIT", otp_key_issue(&source, NULL, &grant, &more));
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, NULL, "codes", 0));
    FAILS(OTP_NOT_FOUND, otp_account_remove(store, NULL, "new", 0));
}

static void keys_are_issued_and_revoked(void)
{
    otp_keys *keys = add("a", NULL), *more, *none;
    otp_key key = first(keys), issued;
    otp_source source = source_of(key.text);
    otp_grant grant = OTP_GRANT_INIT;

    grant.holder = "monthly";
    grant.expires = (uint64_t)time(NULL) + 86400;
    grant.capacity = 1024;
    WORKS(otp_key_issue(&source, NULL, &grant, &more));
    issued = first(more);
    CHECK(strcmp(issued.holder, "monthly") == 0 && strcmp(issued.account, "a") == 0);
    WORKS(opens_old(source_of(issued.text)));
    FAILS(OTP_USAGE, otp_key_issue(&source, NULL, &grant, NULL));
    source.record = folder;
    HINTS(OTP_USAGE, "source->record to NULL", otp_key_issue(&source, NULL, &grant, &none));
    CHECK(none == NULL);
    source.record = NULL;

    WORKS(otp_key_revoke(store, NULL, "a", key.id));
    FAILS(OTP_NOT_FOUND, opens_old(source));
    FAILS(OTP_NOT_FOUND, otp_key_verify(&source));
    FAILS(OTP_NOT_FOUND, otp_key_revoke(store, NULL, "a", key.id));
    WORKS(opens_old(source_of(issued.text)));
    FAILS(OTP_NOT_FOUND, otp_key_revoke(store, NULL, "nobody", key.id));
    HINTS(OTP_USAGE, "otp_account_info", otp_key_revoke(store, NULL, "a", "short"));
    FAILS(OTP_USAGE, otp_key_revoke(store, NULL, NULL, key.id));
    FAILS(OTP_USAGE, otp_key_revoke(store, NULL, "a", NULL));
    FAILS(OTP_USAGE, otp_key_revoke("", NULL, "a", key.id));
    otp_keys_free(more);
    otp_keys_free(keys);

    WORKS(otp_account_remove(store, NULL, "a", 0));
    FAILS(OTP_NOT_FOUND, otp_account_remove(store, NULL, "a", 0));
    FAILS(OTP_USAGE, otp_account_remove(store, NULL, NULL, 0));
}

/* Where a rotation's key goes, and what the function that takes it answers. */
struct taken {
    int answer;
    int calls;
    char old_key[1000];
    char new_key[1000];
};

static int take(void *context, const otp_keys *keys)
{
    struct taken *taken = (struct taken *)context;
    taken->calls++;
    CHECK(otp_keys_count(keys) == 1);
    snprintf(taken->new_key, sizeof taken->new_key, "%s", first(keys).text);
    /* Now both open. */
    WORKS(opens(source_of(taken->new_key), "new", 3));
    WORKS(opens_old(source_of(taken->old_key)));
    return taken->answer;
}

static void accounts_are_rotated(void)
{
    otp_keys *keys = add("a", "nightly"), *more;
    otp_key key = first(keys), replaced;
    otp_source source = source_of(key.text), named = OTP_SOURCE_INIT;
    otp_field password = {"password", "new", 3}, both[] = {{"username", "bob", 3}, {"password", "newer", 5}};
    struct taken taken;

    memset(&taken, 0, sizeof taken);
    snprintf(taken.old_key, sizeof taken.old_key, "%s", key.text);
    named.account = "a";
    named.store = store;
    FAILS(OTP_USAGE, otp_account_rotate(&source, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    FAILS(OTP_USAGE, otp_account_rotate(NULL, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    source.account = "Not A Name";
    HINTS(OTP_USAGE, "a-z", otp_account_rotate(&source, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    source.account = "other";
    HINTS(OTP_WRONG_KEY, "key for other", otp_account_rotate(&source, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    source.account = "a";
    source.record = folder;
    HINTS(OTP_USAGE, "source->record to NULL", otp_account_rotate(&source, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    source.record = NULL;
    FAILS(OTP_USAGE, otp_account_rotate(&source, &password, 1, NULL, 0, 0, NULL, NULL, NULL));
    HINTS(OTP_USAGE, "at least one field", otp_account_rotate(&source, NULL, 0, NULL, 0, 0, NULL, NULL, &more));
    HINTS(OTP_USAGE, "both username and password",
          otp_account_rotate(&named, &password, 1, NULL, 0, 0, NULL, NULL, &more));
    HINTS(OTP_USAGE, "both username and password", otp_account_rotate(&named, both, 1, NULL, 0, 0, NULL, NULL, &more));
    named.account = "nobody";
    FAILS(OTP_NOT_FOUND, otp_account_rotate(&named, both, 2, NULL, 0, 0, NULL, NULL, &more));
    named.account = "a";

    /* Keys that are not taken: nothing has changed. */
    taken.answer = 5;
    HINTS(OTP_OTHER, "return 0 from hand_over",
          otp_account_rotate(&source, &password, 1, NULL, 0, 0, take, &taken, &more));
    CHECK(more == NULL && taken.calls == 1);
    WORKS(opens_old(source));
    FAILS(OTP_NOT_FOUND, opens_old(source_of(taken.new_key)));

    taken.answer = 0;
    WORKS(otp_account_rotate(&source, &password, 1, NULL, 0, 0, take, &taken, &more));
    replaced = first(more);
    CHECK(taken.calls == 2 && strcmp(taken.new_key, replaced.text) == 0);
    CHECK(strcmp(replaced.replaces, key.id) == 0 && strcmp(replaced.holder, "nightly") == 0);
    HINTS(OTP_NOT_FOUND, "new key", opens_old(source));
    WORKS(opens(source_of(replaced.text), "new", 3));
    otp_keys_free(keys);

    /* Without a key, and with a grace period. */
    WORKS(otp_account_rotate(&named, both, 2, NULL, 3600, 0, NULL, NULL, &keys));
    WORKS(opens(source_of(replaced.text), "new", 3));
    WORKS(opens(source_of(first(keys).text), "newer", 5));
    otp_keys_free(more);
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

struct listed {
    int stop_after;
    int count;
    char text[1000];
};

static int count_key(void *context, const otp_key_info *key)
{
    struct listed *listed = (struct listed *)context;
    CHECK(strlen(key->id) == 16);
    return ++listed->count == listed->stop_after;
}

static void a_replaced_key_does_not_bring_the_old_secret_back(void)
{
    otp_keys *keys = add("a", NULL), *current, *none;
    otp_source old = source_of(first(keys).text);
    otp_field password = {"password", "new", 3}, username = {"username", "mallory", 7};
    struct listed listed;

    old.account = "a";
    WORKS(otp_account_rotate(&old, &password, 1, NULL, 3600, 0, NULL, NULL, &current));
    HINTS(OTP_NOT_FOUND, "not been replaced", otp_account_rotate(&old, &username, 1, NULL, 3600, 0, NULL, NULL, &none));
    CHECK(none == NULL);
    HINTS(OTP_NOT_FOUND, "not been replaced", otp_key_issue(&old, NULL, NULL, &none));
    CHECK(none == NULL);

    /* Nothing has changed: two keys, the current one with the new password, the old one with the old. */
    memset(&listed, 0, sizeof listed);
    WORKS(otp_account_info(store, "a", count_key, &listed));
    CHECK(listed.count == 2);
    WORKS(opens(source_of(first(current).text), "new", 3));
    WORKS(opens_old(old));
    otp_keys_free(keys);
    otp_keys_free(current);
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

/* Removes the marker of a rotation that is in progress, as another process does that takes it for a crashed one. */
static int lose_marker(void *context, const otp_keys *keys)
{
    const char *directory = (const char *)context;
    DIR *open = opendir(directory);
    struct dirent *entry;
    char path[3000];
    int lost = 0;

    CHECK(open != NULL && otp_keys_count(keys) == 1);
    while ((entry = readdir(open)) != NULL) {
        if (strstr(entry->d_name, ".rotation.otp") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        CHECK(unlink(path) == 0);
        lost++;
    }
    closedir(open);
    CHECK(lost == 1);
    return 0;
}

static void new_keys_are_given_if_the_old_ones_could_not_be_ended(void)
{
    otp_keys *keys = add("a", NULL), *more = NULL;
    otp_source source = source_of(first(keys).text);
    otp_field password = {"password", "new", 3};
    char directory[2000];

    snprintf(directory, sizeof directory, "%s/a", store);
    source.account = "a";
    HINTS(OTP_OTHER, "try again", otp_account_rotate(&source, &password, 1, NULL, 0, 0, lose_marker, directory, &more));
    CHECK(more != NULL && otp_keys_count(more) == 1);
    WORKS(opens(source_of(first(more).text), "new", 3));
    otp_keys_free(more);
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

static int list_account(void *context, const char *account)
{
    struct listed *listed = (struct listed *)context;
    strcat(listed->text, account);
    strcat(listed->text, " ");
    return ++listed->count == listed->stop_after;
}

static int list_key(void *context, const otp_key_info *key)
{
    struct listed *listed = (struct listed *)context;
    CHECK(strlen(key->id) == 16 && strcmp(key->holder, "nightly") == 0);
    CHECK(key->created <= (uint64_t)time(NULL) && key->created + 600 > (uint64_t)time(NULL));
    CHECK(key->expires == 0 && key->grace_ends == 0 && key->capacity == 64);
    return ++listed->count == listed->stop_after;
}

static int list_fault(void *context, const otp_fault *fault)
{
    struct listed *listed = (struct listed *)context;
    CHECK(strcmp(fault->account, "b") == 0 && strlen(fault->key_id) == 16);
    CHECK(fault->code == OTP_DAMAGED && *fault->message != 0);
    CHECK(strstr(fault->hint, "otp_key_revoke") != NULL);
    return ++listed->count == listed->stop_after;
}

static void stores_are_listed_and_verified(void)
{
    otp_keys *keys[] = {add("b", "nightly"), add("a/x", NULL), add("a/y", NULL), NULL};
    otp_source source = source_of(first(keys[0]).text);
    otp_grant grant = OTP_GRANT_INIT;
    struct listed listed;
    uint64_t records, faults;
    char path[2000], bytes[4096];
    size_t len, at;

    memset(&listed, 0, sizeof listed);
    WORKS(otp_store_list(store, NULL, list_account, &listed));
    CHECK(strcmp(listed.text, "a/x a/y b ") == 0);
    memset(&listed, 0, sizeof listed);
    WORKS(otp_store_list(store, "a/", list_account, &listed));
    CHECK(strcmp(listed.text, "a/x a/y ") == 0);
    memset(&listed, 0, sizeof listed);
    listed.stop_after = 1;
    WORKS(otp_store_list(store, "", list_account, &listed));
    CHECK(strcmp(listed.text, "a/x ") == 0);
    FAILS(OTP_USAGE, otp_store_list(store, NULL, NULL, NULL));
    FAILS(OTP_USAGE, otp_store_list(store, "\xff", list_account, &listed));
    FAILS(OTP_STORE_UNAVAILABLE, otp_store_list(in_folder("nowhere"), NULL, list_account, &listed));

    grant.holder = "nightly";
    WORKS(otp_key_issue(&source, NULL, &grant, &keys[3]));
    memset(&listed, 0, sizeof listed);
    WORKS(otp_account_info(store, "b", list_key, &listed));
    CHECK(listed.count == 2);
    listed.count = 0;
    listed.stop_after = 1;
    WORKS(otp_account_info(store, "b", list_key, &listed));
    CHECK(listed.count == 1);
    FAILS(OTP_NOT_FOUND, otp_account_info(store, "nobody", list_key, &listed));
    FAILS(OTP_USAGE, otp_account_info(store, NULL, list_key, &listed));
    FAILS(OTP_USAGE, otp_account_info(store, "b", NULL, NULL));

    memset(&listed, 0, sizeof listed);
    WORKS(otp_store_verify(store, NULL, NULL, list_fault, &listed, &records, &faults));
    CHECK(records == 4 && faults == 0 && listed.count == 0);
    for (at = 0; at < 4; at += 3) {
        snprintf(path, sizeof path, "%s/b/%s.otp", store, first(keys[at]).id);
        len = read_file(path, bytes, sizeof bytes);
        bytes[len / 2] ^= 1;
        write_file(path, bytes, len, 0600);
    }
    WORKS(otp_store_verify(store, NULL, NULL, list_fault, &listed, &records, &faults));
    CHECK(records == 4 && faults == 2 && listed.count == 2);
    memset(&listed, 0, sizeof listed);
    listed.stop_after = 1;
    WORKS(otp_store_verify(store, NULL, "b", list_fault, &listed, NULL, &faults));
    CHECK(faults == 1 && listed.count == 1);
    WORKS(otp_store_verify(store, NULL, "b", NULL, NULL, &records, NULL));
    CHECK(records == 2);
    WORKS(otp_store_verify(store, NULL, "a", NULL, NULL, NULL, NULL));
    FAILS(OTP_STORE_UNAVAILABLE, otp_store_verify(in_folder("nowhere"), NULL, NULL, NULL, NULL, &records, &faults));
    CHECK(records == 0 && faults == 0);
    HINTS(OTP_DAMAGED, "otp_key_revoke", otp_account_info(store, "b", list_key, &listed));

    for (at = 0; at < 4; at++)
        otp_keys_free(keys[at]);
    WORKS(otp_account_remove(store, NULL, "a/x", 0));
    WORKS(otp_account_remove(store, NULL, "a/y", 0));
    WORKS(otp_account_remove(store, NULL, "b", 0));
}

static void bytes_are_sealed_and_opened_without_a_store(void)
{
    const char secret[] = "any bytes\0\xff";
    char *record, *key, *opened, large[70];
    size_t record_len = 0, key_len = 0, record_size, key_size, small, enough, len;
    otp_grant grant = OTP_GRANT_INIT;

    memset(large, 'x', sizeof large);
    WORKS(otp_seal("a/b", NULL, sizeof secret, NULL, NULL, &record_len, NULL, &key_len));
    CHECK(record_len > 66 && key_len > 100);
    /* Buffers exactly as long as that, so that a byte more would be seen. */
    record_size = record_len;
    key_size = key_len;
    record = (char *)malloc(record_size);
    key = (char *)malloc(key_size);
    opened = (char *)malloc(sizeof secret);

#define SEAL(account, from, from_len, terms)                                                                           \
    (record_len = record_size, key_len = key_size,                                                                     \
     otp_seal(account, from, from_len, terms, record, &record_len, key, &key_len))

    WORKS(SEAL("a/b", secret, sizeof secret, NULL));
    CHECK(record_len <= record_size && key_len == key_size - 1 && strlen(key) == key_len);
    len = sizeof secret;
    WORKS(otp_open(key, key_len, record, record_len, opened, &len));
    CHECK(len == sizeof secret && memcmp(opened, secret, len) == 0);

    /* Buffers that are too small for what is opened. */
    len = sizeof secret - 1;
    memset(opened, 'x', sizeof secret);
    HINTS(OTP_USAGE, "call again", otp_open(key, key_len, record, record_len, opened, &len));
    CHECK(len == sizeof secret && opened[0] == 'x');
    len = 0;
    HINTS(OTP_USAGE, "call again", otp_open(key, key_len, record, record_len, NULL, &len));
    len = 5;
    FAILS(OTP_USAGE, otp_open(key, key_len, record, record_len, NULL, &len));

    /* Buffers that are too small for what is sealed. */
    for (len = 0; len < record_size; len += 37) {
        small = len;
        enough = key_size;
        HINTS(OTP_USAGE, "call again", otp_seal("a/b", secret, sizeof secret, NULL, record, &small, key, &enough));
        CHECK(small == record_size && enough == key_size);
    }
    small = key_size - 1;
    enough = record_size;
    HINTS(OTP_USAGE, "call again", otp_seal("a/b", secret, sizeof secret, NULL, record, &enough, key, &small));
    HINTS(OTP_USAGE, "call again", SEAL("a/b", large, 65, NULL));
    FAILS(OTP_USAGE, otp_seal("a/b", secret, 1, NULL, record, NULL, key, &key_len));
    FAILS(OTP_USAGE, otp_seal("a/b", secret, 1, NULL, record, &record_len, key, NULL));
    FAILS(OTP_USAGE, SEAL("a/b", NULL, 1, NULL));
    HINTS(OTP_USAGE, "OTP_SECRET_MAX", SEAL("a/b", secret, 65536, NULL));
    HINTS(OTP_USAGE, "OTP_SECRET_MAX", SEAL("a/b", secret, SIZE_MAX, NULL));
    FAILS(OTP_USAGE, SEAL(NULL, secret, 1, NULL));
    HINTS(OTP_USAGE, "memory of its own", SEAL("a/b", record, 1, NULL));
    HINTS(OTP_USAGE, "a-z", SEAL("A", secret, 1, NULL));
    grant.capacity = 64;
    HINTS(OTP_USAGE, "larger capacity", SEAL("a/b", large, 65, &grant));

    /* An empty secret, and errors of opening. */
    WORKS(SEAL("a/b", NULL, 0, &grant));
    len = 0;
    WORKS(otp_open(key, key_len, record, record_len, NULL, &len));
    CHECK(len == 0);
    len = sizeof secret;
    HINTS(OTP_MALFORMED_KEY, "whole key", otp_open(key, key_len - 1, record, record_len, opened, &len));
    CHECK(len == 0);
    len = sizeof secret;
    HINTS(OTP_DAMAGED, "otp_key_revoke", otp_open(key, key_len, record, record_len - 1, opened, &len));
    HINTS(OTP_DAMAGED, "otp_key_revoke", otp_open(key, key_len, NULL, 0, opened, &len));
    HINTS(OTP_MALFORMED_KEY, "whole key", otp_open(NULL, 0, record, record_len, opened, &len));
    FAILS(OTP_USAGE, otp_open(NULL, 1, record, record_len, opened, &len));
    FAILS(OTP_USAGE, otp_open(key, key_len, NULL, 1, opened, &len));
    FAILS(OTP_USAGE, otp_open(key, key_len, record, record_len, opened, NULL));
    len = record_size;
    HINTS(OTP_USAGE, "memory of its own", otp_open(key, key_len, record, record_len, record, &len));
    len = sizeof secret;
    /* A key that is longer than memory can be overlaps all that follows it. */
    FAILS(OTP_USAGE, otp_open(key, SIZE_MAX / 2 + 1, record, record_len, NULL, &len));

    otp_wipe(key, key_size);
    for (len = 0; len < key_size; len++)
        CHECK(key[len] == 0);
    otp_wipe(NULL, 100);
    otp_wipe(key, 0);
    free(record);
    free(key);
    free(opened);
}

static void *work(void *given)
{
    otp_account *shared = (otp_account *)given, *own;
    int turn;
    /* A thread begins without an error, and its errors are its own. */
    CHECK(otp_error_code() == OTP_OK && strcmp(otp_error_message(), "") == 0 && strcmp(otp_error_hint(), "") == 0);
    for (turn = 0; turn < 50; turn++) {
        otp_field field;
        WORKS(otp_account_field(shared, "username", &field));
        CHECK(field.value_len == 5 && memcmp(field.value, "alice", 5) == 0);
        WORKS(otp_account_open(NULL, &own));
        otp_account_free(own);
        FAILS(OTP_OTHER, otp_account_field(shared, "nothing", &field));
    }
    return NULL;
}

static void threads_and_children_share_handles(void)
{
    otp_keys *keys = add("a", NULL);
    otp_account *account;
    pthread_t threads[4];
    size_t at;
    int status;
    pid_t child;

    setenv("OTP_KEY", first(keys).text, 1);
    setenv("OTP_STORE", store, 1);
    WORKS(otp_account_open(NULL, &account));
    for (at = 0; at < 4; at++)
        CHECK(pthread_create(&threads[at], NULL, work, account) == 0);
    for (at = 0; at < 4; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);

    /* A child has copies of its own. */
    child = fork();
    if (child == 0) {
        otp_field field;
        int good = otp_account_field(account, "username", &field) == OTP_OK;
        otp_account_free(account);
        _exit(good && otp_account_count(account) == 0 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(otp_account_count(account) == 3);
    otp_account_free(account);
    otp_keys_free(keys);
    unsetenv("OTP_KEY");
    unsetenv("OTP_STORE");
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

static void what_no_log_takes_is_not_opened(void)
{
    otp_keys *keys = add("a", NULL);
    otp_key key = first(keys);
    otp_source source = source_of(key.text);
    char variable[2100], line[2000];
    FILE *log;

    snprintf(variable, sizeof variable, "file:%s", in_folder("audit"));
    setenv("OTP_AUDIT", variable, 1);
    WORKS(opens_old(source));
    source.account = "b";
    FAILS(OTP_WRONG_KEY, opens_old(source));
    source.account = NULL;
    log = fopen(in_folder("audit"), "r");
    CHECK(log != NULL && fgets(line, sizeof line, log) != NULL);
    CHECK(strstr(line, "\"event\":\"open\",\"result\":\"ok\",\"account\":\"a\"") != NULL && strstr(line, key.id) != NULL);
    CHECK(fgets(line, sizeof line, log) != NULL && strstr(line, "\"result\":\"wrong-key\"") != NULL);
    CHECK(fgets(line, sizeof line, log) == NULL);
    fclose(log);
    /* A file can't be made there. */
    snprintf(variable, sizeof variable, "file:%s", in_folder("not-there/audit"));
    setenv("OTP_AUDIT", variable, 1);
    FAILS(OTP_AUDIT_FAILED, opens_old(source));
    setenv("OTP_AUDIT", "on", 1);
    HINTS(OTP_USAGE, "OTP_AUDIT", opens_old(source));
    unsetenv("OTP_AUDIT");
    WORKS(opens_old(source));
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, NULL, "a", 0));
}

static void a_process_is_hardened_when_it_asks(void)
{
    CHECK((otp_process_harden() & OTP_NO_CORE_DUMPS) != 0);
    CHECK((otp_process_harden() & ~(unsigned)(OTP_NO_CORE_DUMPS | OTP_NOT_DUMPABLE)) == 0);
}

int main(int count, char **arguments)
{
    char path[2000];
    if (count != 2)
        return 2;
    snprintf(folder, sizeof folder, "%s", arguments[1]);
    snprintf(path, sizeof path, "%s/store", folder);
    store = path;
    versions_and_codes();
    an_account_opens_with_its_key();
    keys_come_from_where_the_caller_says();
    keys_and_records_that_are_changed_are_refused();
    what_can_not_be_sealed_is_refused();
    keys_are_issued_and_revoked();
    accounts_are_rotated();
    a_replaced_key_does_not_bring_the_old_secret_back();
    new_keys_are_given_if_the_old_ones_could_not_be_ended();
    stores_are_listed_and_verified();
    rings();
    bytes_are_sealed_and_opened_without_a_store();
    threads_and_children_share_handles();
    what_no_log_takes_is_not_opened();
    a_process_is_hardened_when_it_asks();
    if (failures == 0)
        puts("all well");
    return failures == 0 ? 0 : 1;
}
