"""The engines started on one machine without Docker: PostgreSQL, Kafka, OpenSearch, and the mail catcher."""
