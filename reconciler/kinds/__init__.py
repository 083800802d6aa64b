"""What can be declared. A kind reads, compares, makes and removes one sort of thing; none knows another."""
