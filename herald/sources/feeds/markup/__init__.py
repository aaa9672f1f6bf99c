"""RSS and Atom: XML of every quality."""
