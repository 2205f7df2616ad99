/* Accounts that are kept in a ring: keys that keep their text while a database changes, and what goes wrong. */

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char ring[2000];

/* A database with one user, and how the program that changes it ends. */
struct database {
    char password[100];
    int calls;
    int changes;
    int answer;
    /* Whether the program tries to use the ring, which is locked. */
    int meddles;
    /* Whether no file can be written afterwards. */
    int takes_all_room;
};

/* Says how long files may become from now on. */
static void limit_files(rlim_t len)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = len;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static int is(const otp_field *field, const char *name, const char *value)
{
    return strcmp(field->name, name) == 0 && field->value_len == strlen(value) &&
           memcmp(field->value, value, field->value_len) == 0;
}

/* Logs in with the old password or with the new one, and sets the new one. */
static int apply(void *context, const otp_change *change)
{
    struct database *database = (struct database *)context;
    const otp_field *password = &change->new_fields[1];

    database->calls++;
    if (database->meddles) {
        otp_process_set_lock_timeout(0);
        FAILS(OTP_LOCKED, otp_rotation_forget(store, ring, "edms"));
        otp_process_set_lock_timeout(60);
    }
    CHECK(strcmp(change->account, "edms") == 0 && change->old_count == 2 && change->new_count == 2);
    CHECK(is(&change->old_fields[0], "username", "alice") && is(&change->new_fields[0], "username", "alice"));
    CHECK(is(&change->old_fields[1], "password", database->password) || is(password, "password", database->password));
    if (database->changes)
        snprintf(database->password, sizeof database->password, "%.*s", (int)password->value_len, password->value);
    if (database->takes_all_room)
        limit_files(0);
    return database->answer;
}

static otp_renewal renewal_of(struct database *database)
{
    otp_renewal renewal = OTP_RENEWAL_INIT;
    renewal.store = store;
    renewal.ring = ring;
    renewal.account = "edms";
    renewal.apply = apply;
    renewal.context = database;
    return renewal;
}

/* An account whose first key has some pages, and a database with its password. */
static otp_keys *begin(struct database *database, uint32_t pages)
{
    otp_field fields[] = {{"username", "alice", 5}, {"password", "first", 5}};
    otp_grant grant = OTP_GRANT_INIT;
    otp_keys *keys = NULL;

    memset(database, 0, sizeof *database);
    snprintf(database->password, sizeof database->password, "first");
    database->changes = 1;
    grant.holder = "nightly";
    grant.pages = pages;
    WORKS(otp_account_add(store, ring, "edms", fields, 2, &grant, &keys));
    return keys;
}

static void end(otp_keys *keys)
{
    otp_keys_free(keys);
    WORKS(otp_account_remove(store, ring, "edms", 0));
}

/* A key opens the password that the database has. */
static void agrees(const otp_keys *keys, const struct database *database)
{
    WORKS(opens(source_of(first(keys).text), database->password, strlen(database->password)));
}

static otp_code renew(otp_renewal *renewal, const char *password, otp_renewed *renewed, otp_keys **keys)
{
    otp_field field;
    field.name = "password";
    field.value = password;
    field.value_len = strlen(password);
    return otp_account_renew(renewal, &field, 1, renewed, keys);
}

/* How many files of the account have this in their names. */
static int files(const char *part)
{
    DIR *directory = opendir(in_folder("store/edms"));
    struct dirent *entry;
    int count = 0;
    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL)
        count += strstr(entry->d_name, part) != NULL;
    closedir(directory);
    return count;
}

static int one_account(void *context, const otp_ring_account *account)
{
    otp_ring_account *found = (otp_ring_account *)context;
    CHECK(strcmp(account->account, "edms") == 0 && account->count >= 1 && strlen(account->keys[0].id) == 16);
    CHECK(strcmp(account->keys[0].holder, "nightly") == 0 && account->keys[0].opens == 1);
    CHECK(account->keys[0].expires == 0);
    *found = *account;
    found->count = account->keys[0].pages * 100 + account->keys[0].pages_left;
    return 1;
}

static int page_of(void *context, const otp_key_info *key)
{
    *(unsigned *)context = key->pages * 100 + key->page;
    return 1;
}

static void a_ring_is_made_apart_from_the_store(void)
{
    struct stat status;
    char moved[5000];

    HINTS(OTP_USAGE, "otp_ring_init", otp_ring_show(store, ring, NULL, one_account, NULL));
    HINTS(OTP_USAGE, "OTP_RING", otp_ring_show(store, NULL, NULL, one_account, NULL));
    HINTS(OTP_USAGE, "neither in the store", otp_ring_init(store, in_folder("store/ring")));
    HINTS(OTP_USAGE, "neither in the store", otp_ring_init(store, folder));
    FAILS(OTP_USAGE, otp_ring_init(store, NULL));
    WORKS(otp_ring_init(store, ring));
    CHECK(stat(ring, &status) == 0 && (status.st_mode & 0777) == 0700);
    HINTS(OTP_EXISTS, "another path", otp_ring_init(store, ring));

    /* A copy is not the ring, until it is adopted. */
    snprintf(moved, sizeof moved, "cp -r '%s' '%s.copy'", ring, ring);
    CHECK(system(moved) == 0);
    snprintf(moved, sizeof moved, "%s.copy", ring);
    HINTS(OTP_STALE_RING, "otp_ring_adopt", otp_ring_show(store, moved, NULL, one_account, NULL));
    HINTS(OTP_USAGE, "OTP_RING", otp_ring_adopt(NULL));
    WORKS(otp_ring_adopt(moved));
    WORKS(otp_ring_show(store, moved, NULL, one_account, NULL));
    FAILS(OTP_USAGE, otp_ring_show(store, ring, NULL, NULL, NULL));
    FAILS(OTP_USAGE, otp_ring_show(store, ring, "\xff", one_account, NULL));
}

static void the_password_changes_and_the_key_stays(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 3), *more = NULL, *exported;
    otp_renewal renewal = renewal_of(&database);
    otp_renewed renewed;
    otp_ring_account shown;
    unsigned page = 0;

    database.meddles = 1;
    WORKS(renew(&renewal, "second", &renewed, &more));
    CHECK(strcmp(database.password, "second") == 0 && database.calls == 1);
    CHECK(renewed.generation == 1 && renewed.kept == 1 && renewed.ended == 0);
    CHECK(renewed.behind == 0 && renewed.unknown == 0 && renewed.orphaned == 0);
    CHECK(more != NULL && otp_keys_count(more) == 0);
    otp_keys_free(more);
    agrees(keys, &database);
    WORKS(otp_account_info(store, "edms", page_of, &page));
    CHECK(page == 301);
    memset(&shown, 0, sizeof shown);
    WORKS(otp_ring_show(store, ring, "edms", one_account, &shown));
    CHECK(shown.generation == 1 && shown.unfinished == 0 && shown.count == 301);

    /* The last page brings a successor; the key opens as long as the secret does. OTP_RING names the ring. */
    renewal.ring = NULL;
    HINTS(OTP_USAGE, "OTP_RING", renew(&renewal, "third", NULL, &more));
    setenv("OTP_RING", ring, 1);
    WORKS(renew(&renewal, "third", NULL, &more));
    CHECK(otp_keys_count(more) == 1 && strcmp(first(more).replaces, first(keys).id) == 0);
    agrees(keys, &database);
    agrees(more, &database);
    WORKS(otp_ring_export(store, NULL, first(more).id, &exported));
    CHECK(strcmp(first(exported).text, first(more).text) == 0 && strcmp(first(exported).holder, "nightly") == 0);
    otp_keys_free(exported);
    unsetenv("OTP_RING");
    FAILS(OTP_USAGE, otp_ring_export(store, ring, "short", &exported));
    FAILS(OTP_NOT_FOUND, otp_ring_export(store, ring, "aaaaaaaaaaaaaaaa", &exported));
    CHECK(exported == NULL);
    otp_keys_free(keys);
    end(more);
}

static int refuse(void *context, const otp_keys *keys)
{
    struct database *database = (struct database *)context;
    CHECK(otp_keys_count(keys) == 1);
    agrees(keys, database);
    return 9;
}

static void keys_without_a_page_left_are_replaced_only_if_that_is_meant(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 0), *more;
    otp_renewal renewal = renewal_of(&database);
    otp_renewed renewed;

    HINTS(OTP_USAGE, "new_keys in otp_renewal", renew(&renewal, "second", &renewed, &more));
    CHECK(more == NULL && database.calls == 0 && renewed.generation == 0);
    renewal.dry_run = 1;
    HINTS(OTP_USAGE, "new_keys in otp_renewal", renew(&renewal, "second", &renewed, &more));
    renewal.new_keys = 1;
    WORKS(renew(&renewal, "second", &renewed, &more));
    CHECK(renewed.generation > 0 && renewed.kept == 0 && renewed.ended == 1 && otp_keys_count(more) == 0);
    otp_keys_free(more);
    renewal.dry_run = 0;
    agrees(keys, &database);
    CHECK(database.calls == 0);
    renewal.hand_over = refuse;
    /* The rotation stands, and nobody is locked out. */
    HINTS(OTP_OTHER, "otp_ring_export", renew(&renewal, "second", &renewed, &more));
    CHECK(more != NULL && database.calls == 1);
    agrees(more, &database);
    FAILS(OTP_NOT_FOUND, opens(source_of(first(keys).text), "first", 5));
    otp_keys_free(keys);
    end(more);
}

static void what_is_in_doubt_is_resumed_aborted_or_forgotten(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 5), *more;
    otp_renewal renewal = renewal_of(&database);
    otp_renewed renewed;
    int changes;

    /* For certain unchanged: nothing has happened. */
    database.changes = 0;
    database.answer = OTP_APPLIED_UNCHANGED;
    FAILS(OTP_OTHER, renew(&renewal, "second", NULL, &more));
    CHECK(more == NULL && files(".staged.") == 0);
    agrees(keys, &database);
    FAILS(OTP_NOT_FOUND, otp_rotation_resume(&renewal, NULL, &more));
    FAILS(OTP_NOT_FOUND, otp_rotation_abort(&renewal));
    FAILS(OTP_NOT_FOUND, otp_rotation_forget(store, ring, "edms"));

    /* Any other answer is in doubt, whether or not the database has changed. */
    for (changes = 0; changes < 2; changes++) {
        database.changes = changes;
        database.answer = changes ? OTP_APPLIED_IN_DOUBT : -1;
        HINTS(OTP_IN_DOUBT, "otp_rotation_resume", renew(&renewal, "second", NULL, &more));
        CHECK(more == NULL && files(".staged.") == 1);
        WORKS(opens(source_of(first(keys).text), "first", 5));
        HINTS(OTP_IN_DOUBT, "otp_rotation_resume", renew(&renewal, "third", NULL, &more));
        FAILS(OTP_IN_DOUBT, otp_account_remove(store, ring, "edms", 0));
        HINTS(OTP_IN_DOUBT, "otp_rotation_resume", otp_rotation_resume(&renewal, NULL, &more));
        CHECK(files(".staged.") == 1);
        database.changes = 1;
        database.answer = OTP_APPLIED_DONE;
        if (changes) {
            WORKS(otp_rotation_resume(&renewal, &renewed, &more));
            CHECK(renewed.kept == 1 && renewed.generation > 0 && otp_keys_count(more) == 0);
            CHECK(strcmp(database.password, "second") == 0);
            otp_keys_free(more);
        } else {
            renewal.apply = NULL;
            FAILS(OTP_USAGE, otp_rotation_abort(&renewal));
            renewal.apply = apply;
            WORKS(otp_rotation_abort(&renewal));
            CHECK(strcmp(database.password, "first") == 0);
        }
        CHECK(files(".staged.") == 0);
        agrees(keys, &database);
    }

    database.changes = 0;
    database.answer = OTP_APPLIED_IN_DOUBT;
    FAILS(OTP_IN_DOUBT, renew(&renewal, "lost", NULL, &more));
    WORKS(otp_rotation_forget(store, ring, "edms"));
    agrees(keys, &database);

    /* By force, an account goes with what is staged. */
    FAILS(OTP_IN_DOUBT, renew(&renewal, "lost", NULL, &more));
    WORKS(otp_account_remove(store, ring, "edms", 1));
    FAILS(OTP_NOT_FOUND, opens(source_of(first(keys).text), "second", 6));
    otp_keys_free(keys);
}

static void a_store_that_fails_once_the_database_has_changed_leaves_a_rotation_to_be_resumed(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 5), *more;
    otp_renewal renewal = renewal_of(&database);

    database.takes_all_room = 1;
    HINTS(OTP_IN_DOUBT, "otp_rotation_resume", renew(&renewal, "second", NULL, &more));
    limit_files(RLIM_INFINITY);
    CHECK(more == NULL && files(".staged.") == 1);
    HINTS(OTP_IN_DOUBT, "otp_rotation_resume", otp_rotation_resume(&renewal, NULL, &more));
    limit_files(RLIM_INFINITY);
    CHECK(more == NULL && files(".staged.") == 1);
    database.takes_all_room = 0;
    WORKS(otp_rotation_resume(&renewal, NULL, &more));
    otp_keys_free(more);
    agrees(keys, &database);
    end(keys);
}

struct faults {
    char id[20];
    int code;
};

static int last_fault(void *context, const otp_fault *fault)
{
    struct faults *faults = (struct faults *)context;
    CHECK(strcmp(fault->account, "edms") == 0 && *fault->message != 0);
    CHECK(strstr(fault->hint, "otp_") != NULL);
    snprintf(faults->id, sizeof faults->id, "%s", fault->key_id != NULL ? fault->key_id : "");
    faults->code = fault->code;
    return 0;
}

static void what_a_hostile_store_restores_is_refused_and_named(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 9), *second, *more;
    otp_source source = OTP_SOURCE_INIT;
    otp_grant grant = OTP_GRANT_INIT;
    otp_renewal renewal = renewal_of(&database);
    otp_renewed renewed;
    struct faults fault;
    uint64_t found = 0;
    char path[3100], note[3100], old[4096], revoked[20];
    const char *ended[1];
    size_t len;

    /* With a ring, a key to the account need not be given. */
    grant.holder = "hourly";
    grant.pages = 9;
    source.store = store;
    FAILS(OTP_USAGE, otp_key_issue(&source, ring, &grant, &second));
    source.account = "edms";
    WORKS(otp_key_issue(&source, ring, &grant, &second));
    CHECK(strcmp(first(second).holder, "hourly") == 0);
    agrees(second, &database);

    /* An older page: the key opens it, but the ring sees it, and the next rotation mends it. */
    snprintf(path, sizeof path, "%s/edms/%s.otp", store, first(keys).id);
    len = read_file(path, old, sizeof old);
    WORKS(renew(&renewal, "second", NULL, &more));
    otp_keys_free(more);
    write_file(path, old, len, 0600);
    WORKS(otp_store_verify(store, ring, "edms", last_fault, &fault, NULL, &found));
    CHECK(found == 1 && fault.code == OTP_IN_DOUBT && strcmp(fault.id, first(keys).id) == 0);
    WORKS(otp_store_verify(store, NULL, "edms", last_fault, &fault, NULL, &found));
    CHECK(found == 0);
    WORKS(renew(&renewal, "third", &renewed, &more));
    CHECK(renewed.behind == 1 && renewed.kept == 2);
    otp_keys_free(more);
    agrees(keys, &database);

    /* A key that was revoked, and is brought back with its tombstone gone. */
    snprintf(revoked, sizeof revoked, "%s", first(second).id);
    snprintf(path, sizeof path, "%s/edms/%s.otp", store, revoked);
    snprintf(note, sizeof note, "%s/edms/%s.note.otp", store, revoked);
    len = read_file(path, old, sizeof old);
    WORKS(otp_key_revoke(store, ring, "edms", revoked));
    FAILS(OTP_NOT_FOUND, opens(source_of(first(second).text), "third", 5));
    FAILS(OTP_NOT_FOUND, otp_ring_export(store, ring, revoked, &more));
    CHECK(unlink(note) == 0);
    write_file(path, old, len, 0600);
    WORKS(otp_store_verify(store, ring, NULL, last_fault, &fault, NULL, &found));
    CHECK(found == 1 && fault.code == OTP_WRONG_KEY && strcmp(fault.id, revoked) == 0);
    database.calls = 0;
    HINTS(OTP_WRONG_KEY, "end_unknown", renew(&renewal, "fourth", NULL, &more));
    CHECK(more == NULL && database.calls == 0 && strcmp(database.password, "third") == 0);
    ended[0] = "short";
    renewal.end_unknown = ended;
    renewal.end_unknown_count = 1;
    FAILS(OTP_USAGE, renew(&renewal, "fourth", NULL, &more));
    ended[0] = NULL;
    FAILS(OTP_USAGE, renew(&renewal, "fourth", NULL, &more));
    ended[0] = revoked;
    WORKS(renew(&renewal, "fourth", &renewed, &more));
    CHECK(renewed.kept == 1 && renewed.ended == 1);
    otp_keys_free(more);
    agrees(keys, &database);
    FAILS(OTP_NOT_FOUND, opens(source_of(first(second).text), "third", 5));
    otp_keys_free(second);
    end(keys);
}

static void a_key_that_was_handed_out_before_is_taken_in(void)
{
    struct database database;
    otp_field fields[] = {{"username", "alice", 5}, {"password", "first", 5}};
    otp_grant grant = OTP_GRANT_INIT;
    otp_keys *keys, *more;
    otp_source source;
    otp_renewal renewal;

    /* A ring that has never rotated the account: nobody can have used a page of the key. */
    snprintf(ring, sizeof ring, "%s/ring.second", folder);
    WORKS(otp_ring_init(store, ring));
    renewal = renewal_of(&database);
    memset(&database, 0, sizeof database);
    database.changes = 1;
    snprintf(database.password, sizeof database.password, "first");
    grant.pages = 256;
    FAILS(OTP_USAGE, otp_account_add(store, NULL, "edms", fields, 2, &grant, &keys));
    grant.capacity = 512;
    grant.pages = 255;
    HINTS(OTP_USAGE, "fewer pages", otp_account_add(store, NULL, "edms", fields, 2, &grant, &keys));
    grant.capacity = 0;
    grant.pages = 4;
    grant.reserved = 1;
    HINTS(OTP_USAGE, "OTP_GRANT_INIT", otp_account_add(store, NULL, "edms", fields, 2, &grant, &keys));
    grant.reserved = 0;
    WORKS(otp_account_add(store, NULL, "edms", fields, 2, &grant, &keys));
    HINTS(OTP_NOT_FOUND, "otp_ring_add", renew(&renewal, "second", NULL, &more));
    source = source_of(first(keys).text);
    WORKS(otp_ring_add(&source, ring));
    WORKS(renew(&renewal, "second", NULL, &more));
    otp_keys_free(more);
    agrees(keys, &database);
    source = source_of("otpk1_aaaa");
    FAILS(OTP_MALFORMED_KEY, otp_ring_add(&source, ring));

    /* Without the ring, the account is not rotated unless the ring is left behind. */
    source = source_of(first(keys).text);
    source.account = "edms";
    HINTS(OTP_USAGE, "leave_ring", otp_account_rotate(&source, fields, 2, NULL, 0, 0, NULL, NULL, &more));
    agrees(keys, &database);
    WORKS(otp_account_rotate(&source, fields, 2, NULL, 0, 1, NULL, NULL, &more));
    WORKS(opens(source_of(first(more).text), "first", 5));
    otp_keys_free(keys);
    otp_keys_free(more);
    WORKS(otp_account_remove(store, ring, "edms", 0));
}

static void calls_that_are_not_valid_change_nothing(void)
{
    struct database database;
    otp_keys *keys = begin(&database, 3), *more;
    otp_renewal renewal = renewal_of(&database);
    char record[400], key[400];
    size_t record_len = sizeof record, key_len = sizeof key;
    otp_grant grant = OTP_GRANT_INIT;

    FAILS(OTP_USAGE, renew(NULL, "second", NULL, &more));
    FAILS(OTP_USAGE, renew(&renewal, "second", NULL, NULL));
    FAILS(OTP_USAGE, otp_rotation_resume(NULL, NULL, &more));
    FAILS(OTP_USAGE, otp_rotation_resume(&renewal, NULL, NULL));
    FAILS(OTP_USAGE, otp_rotation_abort(NULL));
    FAILS(OTP_USAGE, otp_rotation_forget(store, ring, NULL));
    FAILS(OTP_USAGE, otp_rotation_forget(store, "", "edms"));
    HINTS(OTP_USAGE, "at least one field", otp_account_renew(&renewal, NULL, 0, NULL, &more));
    renewal.account = NULL;
    FAILS(OTP_USAGE, renew(&renewal, "second", NULL, &more));
    renewal.account = "nobody";
    FAILS(OTP_NOT_FOUND, renew(&renewal, "second", NULL, &more));
    renewal.account = "edms";
    renewal.end_unknown_count = 1;
    FAILS(OTP_USAGE, renew(&renewal, "second", NULL, &more));
    renewal.end_unknown_count = 0;
    renewal.dry_run = 1;
    HINTS(OTP_USAGE, "OTP_RENEWAL_INIT", otp_rotation_resume(&renewal, NULL, &more));
    HINTS(OTP_USAGE, "OTP_RENEWAL_INIT", otp_rotation_abort(&renewal));
    renewal.dry_run = 0;
    renewal.size = 8;
    HINTS(OTP_USAGE, "OTP_RENEWAL_INIT", renew(&renewal, "second", NULL, &more));
    grant.pages = 2;
    HINTS(OTP_USAGE, "pages in otp_grant", otp_seal("a", "x", 1, &grant, record, &record_len, key, &key_len));
    CHECK(database.calls == 0);
    agrees(keys, &database);
    end(keys);
}

void rings(void)
{
    snprintf(ring, sizeof ring, "%s/ring", folder);
    a_ring_is_made_apart_from_the_store();
    the_password_changes_and_the_key_stays();
    keys_without_a_page_left_are_replaced_only_if_that_is_meant();
    what_is_in_doubt_is_resumed_aborted_or_forgotten();
    a_store_that_fails_once_the_database_has_changed_leaves_a_rotation_to_be_resumed();
    what_a_hostile_store_restores_is_refused_and_named();
    calls_that_are_not_valid_change_nothing();
    a_key_that_was_handed_out_before_is_taken_in();
}
