"""What a report counts as operations where it gives operations per joule: beside the figure, in the same words."""

ACTIVE_PRODUCTS = "active products"  # those with a silent input are not counted
ALL_PRODUCTS = "all products"  # every one is computed and paid for, those with a zero too
SYNAPTIC_OPERATIONS = "synaptic operations"  # a spike at a synapse, one operation each
