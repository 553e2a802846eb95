"""Pages of chargeback, by what they are about."""
