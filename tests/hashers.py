"""Password hashing that does not dominate the tests."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FewRounds(PBKDF2PasswordHasher):
    iterations = 10
