"""Downloads every report on a list and proves that each file is complete."""
