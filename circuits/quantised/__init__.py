"""A network in whole numbers of 8 bits: how it is made of a trained one, and what it computes, defined once."""
