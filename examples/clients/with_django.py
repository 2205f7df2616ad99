"""Django: the settings name an engine, and have no login."""

import os

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django_engine", "NAME": "postgres", "HOST": os.environ["PGHOST"]}}
)
django.setup()

from django.db import connection  # noqa: E402, after the settings

with connection.cursor() as cursor:
    cursor.execute("select current_user")
    print(cursor.fetchone()[0])
