"""A network as plain data: layers, activity, spike trains, stimulus, wires and names."""
