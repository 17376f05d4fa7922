"""A test bed of real kernels: hosts, routers and links out of Linux network namespaces and veth pairs.

A scenario builds a network, lets something happen in it, and says which ICMP messages the kernel must have sent. It
stands once, and serves three: the live test, the captures in ``pcaps/testbed/`` with their page, and the test that
reads these captures offline.
"""
