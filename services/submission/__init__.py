"""Submission: drafts, submitted revisions and their documents."""
