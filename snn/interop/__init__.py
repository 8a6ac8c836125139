"""Networks that come from elsewhere, as plain data."""
