"""What silicon costs to make and to run: dies, yield, price, batteries."""
