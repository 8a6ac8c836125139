"""One self-contained page that compares runs on chips: data in, a string of HTML out, and nothing from the network."""
