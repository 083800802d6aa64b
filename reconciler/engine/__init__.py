"""The reconciler proper: what is declared and what exists in, a plan out, and the plan carried out.

It knows the `Kind` protocol and nothing of any kind, client or manifest.
Observing and executing decide nothing; planning touches nothing.
"""
