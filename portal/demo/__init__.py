"""The demonstration of a fresh installation: a cast, three models, one story to play."""
