/* What the C tests share: calls that must work or fail, files, accounts. check.c has the functions. */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "otp.h"

/* How many checks have failed. */
extern int failures;
/* An empty folder to work in, and a store in it. */
extern char folder[1000];
extern const char *store;
/* username, password, zebra. */
extern const otp_field FIELDS[3];

void report(int line, const char *what);
void explain(int code);

#define CHECK(condition) ((condition) ? (void)0 : report(__LINE__, #condition))

/* A call that ends with a code, and with this advice in its hint. */
#define HINTS(code, advice, call)                                                                                      \
    do {                                                                                                               \
        int ended = (call);                                                                                            \
        if (ended != (code) || otp_error_code() != (code) || *otp_error_message() == 0 ||                              \
            strstr(otp_error_hint(), (advice)) == NULL) {                                                              \
            report(__LINE__, #call);                                                                                   \
            explain(ended);                                                                                            \
        }                                                                                                              \
    } while (0)

/* A call that ends with a code, with or without advice. */
#define FAILS(code, call) HINTS(code, "", call)

#define WORKS(call)                                                                                                    \
    do {                                                                                                               \
        int ended = (call);                                                                                            \
        if (ended != OTP_OK) {                                                                                         \
            report(__LINE__, #call);                                                                                   \
            explain(ended);                                                                                            \
        }                                                                                                              \
    } while (0)

/* A path in the folder; the fourth call after this one overwrites it. */
const char *in_folder(const char *name);
void write_file(const char *path, const void *bytes, size_t len, mode_t mode);
size_t read_file(const char *path, void *bytes, size_t len);
otp_keys *add(const char *account, const char *holder);
otp_key first(const otp_keys *keys);
otp_source source_of(const char *text);
/* Opens an account and checks its password: the one given, or that of FIELDS. */
otp_code opens(otp_source source, const char *password, size_t len);
otp_code opens_old(otp_source source);

/* ring.c: accounts that are kept in a ring. */
void rings(void);

#endif
