/* What the C tests share; see check.h. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int failures;

void report(int line, const char *what)
{
    fprintf(stderr, "line %d: %s\n", line, what);
    failures++;
}

void explain(int code)
{
    fprintf(stderr, "  %s: %s (%s)\n", otp_code_name(code), otp_error_message(), otp_error_hint());
}

char folder[1000];
const char *store;

const char *in_folder(const char *name)
{
    static char paths[4][2000];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd;
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fchmod(fd, mode) == 0);
    close(fd);
}

size_t read_file(const char *path, void *bytes, size_t len)
{
    int fd = open(path, O_RDONLY);
    ssize_t count = read(fd, bytes, len);
    CHECK(count >= 0);
    close(fd);
    return (size_t)count;
}

const otp_field FIELDS[3] = {{"username", "alice", 5}, {"password", "p\0\xff", 3}, {"zebra", NULL, 0}};

otp_keys *add(const char *account, const char *holder)
{
    otp_grant grant = OTP_GRANT_INIT;
    otp_keys *keys;
    grant.holder = holder;
    WORKS(otp_account_add(store, NULL, account, FIELDS, 3, &grant, &keys));
    CHECK(otp_keys_count(keys) == 1);
    return keys;
}

otp_key first(const otp_keys *keys)
{
    otp_key key;
    WORKS(otp_keys_at(keys, 0, &key));
    return key;
}

otp_source source_of(const char *text)
{
    otp_source source = OTP_SOURCE_INIT;
    source.key = text;
    source.key_len = strlen(text);
    source.store = store;
    return source;
}

otp_code opens(otp_source source, const char *password, size_t len)
{
    otp_account *account;
    otp_field field;
    otp_code code = otp_account_open(&source, &account);
    if (code != OTP_OK) {
        CHECK(account == NULL);
        return code;
    }
    WORKS(otp_account_field(account, "password", &field));
    CHECK(field.value_len == len && memcmp(field.value, password, len) == 0);
    otp_account_free(account);
    return code;
}

otp_code opens_old(otp_source source)
{
    return opens(source, "p\0\xff", 3);
}
