/* A store on the network, from C: remote URL, where URL is that of a store that a helper serves. */

#include <stdio.h>
#include <string.h>

#include "otp.h"

static int failures;

static void expect(otp_code ended, otp_code expected, const char *hint, int line)
{
    if (ended == expected && strstr(otp_error_hint(), hint) != NULL)
        return;
    failures++;
    printf("line %d: %s: %s (%s)\n", line, otp_code_name(ended), otp_error_message(), otp_error_hint());
}

#define EXPECT(expected, hint, call) expect((call), (expected), (hint), __LINE__)

static int count(void *context, const char *account)
{
    if (strcmp(account, "edms/reporting") == 0)
        ++*(int *)context;
    return 0;
}

int main(int argc, char **argv)
{
    const otp_field fields[] = {{"username", "alice", 5}, {"password", "correct horse", 13}};
    otp_source source = OTP_SOURCE_INIT;
    otp_account *account = NULL;
    otp_field password;
    otp_keys *keys = NULL;
    otp_key key;
    char other[2000];
    int found = 0;

    if (argc != 2)
        return 2;
    EXPECT(OTP_OK, "", otp_account_add(argv[1], NULL, "edms/reporting", fields, 2, NULL, &keys));
    EXPECT(OTP_OK, "", otp_keys_at(keys, 0, &key));
    source.key = key.text;
    source.key_len = strlen(key.text);
    source.store = argv[1];
    EXPECT(OTP_OK, "", otp_account_open(&source, &account));
    EXPECT(OTP_OK, "", otp_account_field(account, "password", &password));
    if (password.value_len != 13 || memcmp(password.value, "correct horse", 13) != 0)
        failures++;
    otp_account_free(account);
    EXPECT(OTP_OK, "", otp_store_list(argv[1], NULL, count, &found));
    if (found != 1)
        failures++;

    /* Not allowed is not missing, and late is neither. */
    source.store = other;
    snprintf(other, sizeof other, "%s?fault=denied", argv[1]);
    EXPECT(OTP_DENIED, "credentials", otp_account_open(&source, &account));
    snprintf(other, sizeof other, "%s?fault=dies", argv[1]);
    EXPECT(OTP_STORE_UNAVAILABLE, "", otp_account_open(&source, &account));
    snprintf(other, sizeof other, "%s?password=hush", argv[1]);
    EXPECT(OTP_USAGE, "", otp_account_open(&source, &account));
    if (strstr(otp_error_message(), "hush") != NULL)
        failures++;
    source.store = "s3://bucket?zone=a";
    EXPECT(OTP_USAGE, "", otp_account_open(&source, &account));
    source.store = "s4://bucket";
    EXPECT(OTP_USAGE, "", otp_account_open(&source, &account));

    EXPECT(OTP_OK, "", otp_account_remove(argv[1], NULL, "edms/reporting", 0));
    source.store = argv[1];
    EXPECT(OTP_NOT_FOUND, "", otp_account_open(&source, &account));
    otp_keys_free(keys);
    if (failures == 0)
        puts("all well");
    return failures != 0;
}
