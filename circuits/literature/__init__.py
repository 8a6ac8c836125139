"""Published neurons, processors, keyword spotters, chips and networks, and the comparison with them."""
