"""What the fields of a sheet are called, by path and language; their order is that of the e-mails."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

Language = Literal["fr", "en", "es", "pt", "ar"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")  # of the letters to authors and posts
READERS: Final[tuple[Language, ...]] = get_args(Language)  # of those to the public

FIELDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "project.ref": {"fr": "Référence du déposant", "en": "Depositor’s reference"},
    "project.kind": {"fr": "Nature", "en": "Kind"},
    "authority.name": {"fr": "Collectivité", "en": "Authority"},
    "authority.type": {"fr": "Type de collectivité", "en": "Type of authority"},
    "authority.country": {"fr": "Pays", "en": "Country"},
    "authority.region": {"fr": "Région", "en": "Region"},
    "project.title": {"fr": "Titre", "en": "Title"},
    "project.themes": {"fr": "Thèmes", "en": "Themes"},
    "project.sdgs": {"fr": "Objectifs de développement durable", "en": "Sustainable Development Goals"},
    "project.summary": {"fr": "Résumé", "en": "Summary"},
    "project.objectives": {"fr": "Objectifs", "en": "Objectives"},
    "project.description": {"fr": "Description", "en": "Description"},
    "project.partner_sought": {"fr": "Partenaire recherché", "en": "Partner sought"},
    "project.expected_results": {"fr": "Résultats attendus", "en": "Expected results"},
    "project.budget": {"fr": "Budget", "en": "Budget"},
    "project.budget.total": {"fr": "Budget total", "en": "Total budget"},
    "project.budget.secured": {"fr": "Part du budget déjà acquise", "en": "Part of the budget already secured"},
    "project.budget.currency": {"fr": "Monnaie du budget", "en": "Currency of the budget"},
    "project.period": {"fr": "Période", "en": "Period"},
    "project.period.start": {"fr": "Début de la période", "en": "Start of the period"},
    "project.period.end": {"fr": "Fin de la période", "en": "End of the period"},
    "project.location": {"fr": "Lieu", "en": "Place"},
    "project.location.name": {"fr": "Nom du lieu", "en": "Name of the place"},
    "project.location.lat": {"fr": "Latitude du lieu", "en": "Latitude of the place"},
    "project.location.lon": {"fr": "Longitude du lieu", "en": "Longitude of the place"},
    "project.countries_sought": {"fr": "Pays recherchés", "en": "Countries sought"},
    "project.language": {"fr": "Langue de la fiche", "en": "Language of the sheet"},
    "project.documents": {"fr": "Documents annoncés", "en": "Announced documents"},
    "project.documents.title": {"fr": "Titre du document", "en": "Title of the document"},
    "project.documents.language": {"fr": "Langue du document", "en": "Language of the document"},
    "authority.contact": {"fr": "Contact", "en": "Contact"},
    "authority.contact.name": {"fr": "Nom du contact", "en": "Name of the contact"},
    "authority.contact.function": {"fr": "Fonction du contact", "en": "Function of the contact"},
    "authority.contact.email": {"fr": "Adresse électronique du contact", "en": "E-mail address of the contact"},
    "authority.contact.phone": {"fr": "Téléphone du contact", "en": "Telephone of the contact"},
    "authority.contact.public": {"fr": "Contact public", "en": "Contact made public"},
    "authority.presentation": {"fr": "Présentation de la collectivité", "en": "About the authority"},
    "authority.population": {"fr": "Population", "en": "Population"},
    "authority.languages": {"fr": "Langues de la collectivité", "en": "Languages of the authority"},
    "authority.website": {"fr": "Site web", "en": "Website"},
    "authority.existing_partnerships": {"fr": "Partenariats existants", "en": "Existing partnerships"},
    "authority.location": {"fr": "Emplacement de la collectivité", "en": "Location of the authority"},
    "authority.location.lat": {"fr": "Latitude de la collectivité", "en": "Latitude of the authority"},
    "authority.location.lon": {"fr": "Longitude de la collectivité", "en": "Longitude of the authority"},
    "authority.ref": {"fr": "Identifiant de la collectivité", "en": "Identifier of the authority"},
    "project": {"fr": "Projet", "en": "Project"},
    "authority": {"fr": "Collectivité", "en": "Authority"},
}

KINDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "demand": {"fr": "demande de partenariat", "en": "request for a partnership"},
    "offer": {"fr": "offre de partenariat", "en": "offer of a partnership"},
}

AUTHORITY_TYPES: Final[Mapping[str, Mapping[Language, str]]] = {
    "commune": {"fr": "commune", "en": "municipality"},
    "intercommunality": {"fr": "intercommunalité", "en": "association of municipalities"},
    "department": {"fr": "département", "en": "department"},
    "region": {"fr": "région", "en": "region"},
    "province": {"fr": "province", "en": "province"},
    "metropolis": {"fr": "métropole", "en": "metropolis"},
    "federation": {"fr": "fédération de collectivités", "en": "federation of authorities"},
    "traditional-authority": {"fr": "autorité traditionnelle", "en": "traditional authority"},
}

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "fr": {
        "brand": "Bourse-projets de la coopération décentralisée",
        "colon": "\u00a0:",
        "demonstration": "Données de démonstration\u00a0: cette fiche et cette collectivité sont fictives.",
        "demonstration_search": "Données de démonstration\u00a0: ces fiches et ces collectivités sont fictives.",
        "demonstration_account": "Données de démonstration\u00a0: ce compte appartient à une pile de démonstration.",
        "demonstration_subject": "[données de démonstration]",
        "footer": "Message automatique de la bourse aux projets.",
        "number": "Numéro",
        "open_end": "à partir de {start}, sans date de fin",
        "budget_none": "{total} (aucun financement acquis à ce jour)",
        "budget_part": "{total}, dont {secured} déjà acquis",
        "yes": "oui",
        "no": "non",
        "contact_public": "contact publié avec la fiche",
        "contact_private": "contact non publié",
        "item": "{label}, nº\u00a0{number}",
        "found_by": "Trouvé par",
    },
    "en": {
        "brand": "Bourse-projets, the exchange of decentralised cooperation",
        "colon": ":",
        "demonstration": "Demonstration data (données de démonstration): this sheet and this authority are fictional.",
        "demonstration_search": "Demonstration data: these sheets and these authorities are fictional.",
        "demonstration_account": "Demonstration (données de démonstration): this account belongs to a demonstration.",
        "demonstration_subject": "[demonstration data]",
        "footer": "Sent automatically by Bourse-projets.",
        "number": "Number",
        "open_end": "from {start}, no end date",
        "budget_none": "{total} (no funding secured so far)",
        "budget_part": "{total}, of which {secured} already secured",
        "yes": "yes",
        "no": "no",
        "contact_public": "published with the sheet",
        "contact_private": "not published",
        "item": "{label}, no. {number}",
        "found_by": "Found by",
    },
    "es": {
        "brand": "Bourse-projets, la bolsa de la cooperación descentralizada",
        "colon": ":",
        "demonstration_search": "Datos de demostración: estas fichas y estas entidades son ficticias.",
        "demonstration_subject": "[datos de demostración]",
        "footer": "Mensaje automático de Bourse-projets.",
        "found_by": "Encontrado por",
    },
    "pt": {
        "brand": "Bourse-projets, a bolsa da cooperação descentralizada",
        "colon": ":",
        "demonstration_search": "Dados de demonstração: estas fichas e estas autarquias são fictícias.",
        "demonstration_subject": "[dados de demonstração]",
        "footer": "Mensagem automática da Bourse-projets.",
        "found_by": "Encontrado por",
    },
    "ar": {
        "brand": "بورصة المشاريع، بورصة التعاون اللامركزي",
        "colon": ":",
        "demonstration_search": "بيانات تجريبية: هذه البطاقات وهذه السلطات المحلية خيالية.",
        "demonstration_subject": "[بيانات تجريبية]",
        "footer": "رسالة آلية من بورصة المشاريع.",
        "found_by": "وجده البحث",
    },
}


def field_label(path: str, language: Language) -> str:
    """What people call the field at `path` (`project.budget`, `project.objectives.1`); the path itself if unknown."""
    parts = path.split(".")
    names = ".".join(part for part in parts if not part.isdecimal())
    known = FIELDS.get(names) or FIELDS.get(f"project.{names}") or FIELDS.get(f"authority.{names}")
    if known is None:
        return path
    number = next((int(part) + 1 for part in parts if part.isdecimal() and len(part) < 4), None)
    return known[language] if number is None else WORDS[language]["item"].format(label=known[language], number=number)
