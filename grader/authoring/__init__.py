"""What an instructor does before students see anything."""
