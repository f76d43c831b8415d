"""The contracts: the sheet, the events and the vocabularies, as models and as committed JSON Schemas.

Free of every framework but Pydantic, so that any program may import it.
"""
