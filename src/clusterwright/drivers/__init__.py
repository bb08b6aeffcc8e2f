"""Drivers: told what should exist, asked what does.

One contract, one suite of tests over all of them.
"""
