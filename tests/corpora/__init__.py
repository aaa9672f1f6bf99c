"""What other projects expect of a feed parser, asked of Herald's.

The corpora are not Herald's to keep; ``python -m tests.corpora`` says where they come from.
"""
