"""The portal. For now one page that says what runs here, and where the links of the e-mails lead."""
