"""What a value is: primitives, nodes, handles, programs."""
