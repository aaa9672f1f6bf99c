"""The reference pages that follow from the code, and what writes them."""
