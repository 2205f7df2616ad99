#!/bin/sh
# A workflow of a document management system, which starts this with a document's number and the key on standard input:
#   check-in.sh 4711 < nightly.key
# The workflow keeps the key, the server has the store, and neither has the login to SQL Server.
set -eu
: "${OTP_STORE:=/srv/otp}"
export OTP_STORE
case ${1-} in
'' | *[!0-9]*)
    echo 'usage: check-in.sh NUMBER' >&2
    exit 2
    ;;
esac
exec otp run --key-file - --preset sqlcmd -- \
    sqlcmd -b -N -v number="$1" -Q "update documents set state = 'checked in' where number = \$(number)"
