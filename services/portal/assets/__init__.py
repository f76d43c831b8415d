"""What the pages are built with: npm packages by lock, and the build (`python -m services.portal.assets`)."""
