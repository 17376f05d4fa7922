"""Questions asked of whole captures: one module a question, each a state that batches are put into.

A state has ``update(batch)``, ``merge(other)``, which takes in the state of what comes after, and ``result()``.
What crosses the edge between two stretches of a capture is part of the state and is joined in ``merge``.
"""
