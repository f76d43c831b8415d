"""The words of the pages, in French and in English, and the choice between the two."""

from typing import Final, Literal

from starlette.requests import Request

Language = Literal["fr", "en"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "tagline": (
        "La bourse ouverte de la coopération décentralisée",
        "The open marketplace of decentralised cooperation",
    ),
    "skip": ("Aller au contenu", "Skip to content"),
    "other_language": ("English", "Français"),
    "demonstration": ("Données de démonstration", "Demonstration data"),
    "demonstration_says": (
        "Les projets, les collectivités et les personnes montrés ici sont fictifs ; aucun courriel ne part.",
        "The projects, authorities and people shown here are fictional; no e-mail leaves.",
    ),
    "what": (
        "Des collectivités du monde entier y déposent des projets pour lesquels elles cherchent une collectivité"
        " française, et des collectivités françaises y publient ce qu’elles offrent. L’ambassade de France vérifie"
        " et publie ; chacun cherche par continent, pays et thème.",
        "Local authorities of the whole world deposit projects for which they seek a French local authority, and"
        " French authorities publish what they offer. The French embassy verifies and publishes; everyone searches"
        " by continent, country and theme.",
    ),
    "not_yet": (
        "Le portail public n’est pas encore là : cette page montre ce qui tourne et comment l’essayer.",
        "The public portal is not there yet: this page shows what runs and how to try it.",
    ),
    "searches": ("Chercher", "Search"),
    "searches_say": ("Les réponses sont en JSON.", "The answers are JSON."),
    "search_africa_water": ("Eau et assainissement en Afrique", "Water and sanitation in Africa"),
    "search_offers": ("Offres de collectivités françaises", "Offers by French authorities"),
    "search_text": ("Le mot « marché »", "The word “marché”"),
    "search_country": ("Projets du Sénégal", "Projects in Senegal"),
    "search_two_themes": ("Culture ou patrimoine, en Asie", "Culture or heritage, in Asia"),
    "mails": ("Courriels", "E-mails"),
    "mails_say": (
        "Les courriels de la Bourse sont retenus ici au lieu de partir.",
        "The e-mails of the Bourse are caught here instead of leaving.",
    ),
    "mails_link": ("Voir les courriels", "See the e-mails"),
    "services": ("Services", "Services"),
    "address": ("adresse", "address"),
    "documentation": ("documentation de l’API", "API documentation"),
    "state_ready": ("prêt", "ready"),
    "state_not_ready": ("pas prêt", "not ready"),
    "state_unreachable": ("ne répond pas", "does not answer"),
    "service_accounts": ("Comptes, rôles et jetons", "Accounts, roles and tokens"),
    "service_submission": ("Dépôt des projets et des documents", "Deposit of projects and documents"),
    "service_moderation": ("Instruction par les postes et la DAECT", "Review by the posts and the DAECT"),
    "service_catalog": ("Fiches publiées et documents publics", "Published sheets and public documents"),
    "service_search": ("Recherche, facettes et carte", "Search, facets and map"),
    "service_notifier": ("Courriels", "E-mails"),
    "service_partnership": ("Mise en relation", "Putting in touch"),
    "service_analytics": ("Chiffres de la DAECT", "Figures of the DAECT"),
    "service_atlas": ("Atlas de la coopération", "Atlas of cooperation"),
    "service_portal": ("Ces pages", "These pages"),
    "accounts": ("Comptes de démonstration", "Demonstration accounts"),
    "accounts_say": ("Un seul mot de passe pour tous :", "One password for all:"),
    "accounts_none": (
        "La liste des comptes n’est pas disponible pour le moment.",
        "The list of accounts is not available at the moment.",
    ),
    "office": ("Administration centrale", "Central office"),
    "authorities": ("Collectivités", "Authorities"),
    "agents": ("Agents des postes", "Agents of the posts"),
    "elsewhere": ("Autres", "Elsewhere"),
    "africa": ("Afrique", "Africa"),
    "americas": ("Amériques", "Americas"),
    "asia": ("Asie", "Asia"),
    "europe": ("Europe", "Europe"),
    "oceania": ("Océanie", "Oceania"),
    "verify_title": ("Confirmer votre adresse", "Confirm your address"),
    "verify_ask": ("Cette adresse est-elle bien la vôtre ?", "Is this address yours?"),
    "verify_button": ("Confirmer cette adresse", "Confirm this address"),
    "verify_done": (
        "Cette adresse est confirmée : vous pouvez vous connecter et déposer un projet.",
        "This address is confirmed: you can log in and deposit a project.",
    ),
    "verify_unknown": (
        "Ce lien n’est pas le bon, ou un compte a été redemandé depuis. Prenez le lien du dernier courriel reçu.",
        "This link is wrong, or the account was asked for again since. Take the link of the last e-mail.",
    ),
    "verify_expired": (
        "Ce lien est trop ancien : demandez le compte à nouveau, un autre lien vous sera envoyé.",
        "This link is too old: register again and another will be sent to you.",
    ),
    "verify_later": (
        "Les comptes ne répondent pas en ce moment. Réessayez dans quelques minutes : le lien reste bon.",
        "The accounts service does not answer at the moment. Try again in a few minutes: the link stays good.",
    ),
    "home": ("Retour à l’accueil", "Back to the home page"),
    "error_400": ("Cette demande n’est pas compréhensible", "This request cannot be understood"),
    "error_404": ("Cette page n’existe pas", "This page does not exist"),
    "error_405": ("Cette page ne se demande pas ainsi", "This page is not to be asked for in this way"),
    "error_422": ("Il manque quelque chose à cette adresse", "Something is missing in this address"),
    "error_503": ("Momentanément indisponible", "Temporarily unavailable"),
    "error_500": ("Une erreur est survenue chez nous", "Something went wrong on our side"),
    "error_says": (
        "Vérifiez l’adresse, ou repartez de l’accueil.",
        "Check the address, or start again from the home page.",
    ),
}


def language_of(request: Request) -> Language:
    """`?lang=` where it is given, else what the browser prefers, else French."""
    asked = request.query_params.get("lang")
    if asked == "fr" or asked == "en":
        return asked
    weights: dict[str, float] = {}
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        code = tag.split("-")[0].lower()
        try:
            weights.setdefault(code, float(weight or 1))
        except ValueError:
            continue
    return "en" if weights.get("en", 0) > weights.get("fr", 0) else "fr"


def word(key: str, language: Language) -> str:
    """One of the words above."""
    french, english = WORDS[key]
    return french if language == "fr" else english
