"""The demonstration that a fresh installation starts with: a cast, three models, one story to play."""
