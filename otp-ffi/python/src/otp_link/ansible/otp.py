"""The lookup `otp` of Ansible; see DOCUMENTATION. Ansible finds it in this directory, by its lookup_plugins."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

import otp_link

DOCUMENTATION = """
    name: otp
    author: the authors of otp-link
    short_description: fields of an account that is sealed with a one-time pad
    description:
      - Opens an account with its key, on the controller, and gives fields of it.
      - Use C(no_log) with every task that gets one, as a task that fails shows its arguments.
    requirements: [the Python package otp-link]
    options:
      _terms:
        description: The names of fields; C(password) if there are none.
      key_file:
        description: The file of the key. Without it, C(OTP_KEY_FILE), C(OTP_KEY) or systemd's credential has the key.
        type: path
      store:
        description: The store, a directory or a URL. Without it, C(OTP_STORE) names it.
        type: string
      account:
        description: Refuse a key for any other account.
        type: string
"""

EXAMPLES = """
- name: Set the password of the reporting user
  community.postgresql.postgresql_user:
    name: "{{ lookup('otp', 'username', key_file='/etc/ansible/reporting.key') }}"
    password: "{{ lookup('otp', 'password', key_file='/etc/ansible/reporting.key') }}"
  no_log: true
"""

RETURN = """
  _raw:
    description: The value of each field.
    type: list
    elements: str
"""


class LookupModule(LookupBase):
    """Opens an account, and returns fields of it."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """The values of the fields that terms name. Raises AnsibleLookupError, with the name of the code."""
        self.set_options(var_options=variables, direct=kwargs)
        places = {name: self.get_option(name) for name in ("key_file", "store", "account")}
        try:
            with otp_link.open_account(**places) as account:
                return [account[term] for term in terms or ["password"]]
        except otp_link.Error as error:
            hint = f"; {error.hint}" if error.hint else ""
            # Ansible would show a cause as well, in the same words.
            raise AnsibleLookupError(f"otp: {error.code_name} ({error.code}): {error}{hint}") from None
