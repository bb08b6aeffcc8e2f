"""Who may ask: domains, projects, users, access keys, tokens and signatures."""
