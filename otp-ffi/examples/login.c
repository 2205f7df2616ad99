/*
 * Prints what it would log in with: a program whose caller passes nothing but a key.
 *
 *     cargo build --release -p otp-ffi
 *     cc -o login otp-ffi/examples/login.c -Iotp-ffi/include -Ltarget/release -lotp_ffi
 *     OTP_KEY_FILE=nightly.key LD_LIBRARY_PATH=target/release ./login
 *
 * With the library installed (docs/c.md): cc -o login login.c $(pkg-config --cflags --libs otp)
 */

#include <stdio.h>

#include "otp.h"

/* Reports the last failed call, and returns the status to exit with: the number that otp itself would exit with. */
static int failed(void)
{
    fprintf(stderr, "login: %s\n", otp_error_message());
    if (*otp_error_hint() != '\0')
        fprintf(stderr, "hint: %s\n", otp_error_hint());
    return otp_error_code();
}

int main(int count, char **arguments)
{
    otp_source source = OTP_SOURCE_INIT;
    otp_account *account;
    otp_field username, password;

    /* The caller may name a key file. Otherwise the library looks for a key where the program otp does. */
    if (count > 1)
        source.key_file = arguments[1];
    if (otp_account_open(&source, &account) != OTP_OK)
        return failed();
    if (otp_account_field(account, "username", &username) != OTP_OK ||
        otp_account_field(account, "password", &password) != OTP_OK) {
        otp_account_free(account);
        return failed();
    }

    /* Log in here, with username.value and password.value. Neither ends with a NUL, so pass the lengths too. */
    printf("%s: would log in as %.*s, with a password of %zu bytes\n", otp_account_name(account),
           (int)username.value_len, username.value, password.value_len);

    /* From here on the password is gone. */
    otp_account_free(account);
    return 0;
}
