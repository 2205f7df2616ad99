"""python -m otp_link: a short guide."""

from . import __version__

GUIDE = f"""\
otp-link {__version__}: gives a script its credential.

In the script:

    import otp_link

    with otp_link.open_account() as account:
        connect(user=account.username, password=account.password)

The caller that starts the script says where the key is, in one of these ways:

    OTP_KEY_FILE=nightly.key python3 report.py
    OTP_KEY=otpk1_... python3 report.py
    LoadCredential=otp-key:/etc/otp/nightly.key        in a systemd service

and with OTP_STORE=DIR where the store is, if it is not the user's own. In a program with argparse:

    otp_link.add_arguments(parser)                     adds --key-file PATH, --store DIR and so on
    account = otp_link.from_arguments(parser.parse_args())

The administrator, who knows the password, seals the account once:

    key = otp_link.add_account("edms/reporting", username="alice", password="...", holder="nightly")
    key.write("nightly.key")

or with the program: otp add edms/reporting --username alice --for nightly --key-file nightly.key

Users of Secure-Python-Link change one line:

    from otp_link import workflow_security as WorkflowSecurity

More: python3 -c 'help("otp_link")'
"""


def main() -> None:
    """Prints the guide."""
    print(GUIDE, end="")


if __name__ == "__main__":
    main()
