"""Accounts, their roles and the tokens that every service trusts."""
