"""French words that the light stemmer takes for others: « moines » for « moins », « ânes » for « ans », « concert » for
« concertation ». Each is given in its forms, the first being its stem, with a mark that no other stem has; folded, as
they come to the stemmer.
"""

from typing import Final

_FRENCH: Final = """
plus | pluie pluies | plu | an ans | annee annees | ane anes | moins | moine moines | monastere monasteres
commun communs | commune communes | communal communaux communale communales | communique communiques | depart departs
departement departements | departemental departementaux departementale departementales | environ environs
environnement | environnemental environnementaux environnementale environnementales | pays | don dons | donnee donnees
forme formes | formateur formateurs formatrice formatrices | vers | car cars | verrerie verreries | carie caries
entre | entree entrees | metre metres | mettre | conseil conseils | conseiller conseillers conseillere conseilleres
station stations | stationnement stationnements | salle salles | place places | part parts | partie parties | fonds
fonderie fonderies | port ports | porte portes | porteur porteurs porteuse porteuses | maire maires | mairie mairies
classe classes | eleve eleves | traiteur traiteurs | trait traits | etude etudes
etudiant etudiants etudiante etudiantes | livre livres | menage menages | menagerie | fille filles | file files
chef chefs | chefferie chefferies | nuit nuits | mare mares | maree marees | cours | course courses | cour
jour jours | journee journees | ville villes | village villages | mois | bois | fois | marche marches | soin soins
sol sols | soir soirs | soiree soirees | matin matins | berger bergers | bergerie bergeries | poisson poissons
poissonnerie poissonneries | restaurant restaurants | restaurateur restaurateurs restauratrice restauratrices
association associations | equipe equipes | equipement equipements | ouvrier ouvriers ouvriere ouvrieres
usager usagers | usage usages | terre terres | terrain terrains | autre autres | autrement | compte comptes
comptabilite | reste | raison raisons | repas | reparation reparations | climat climats | climatisation
climatique climatiques | isolement | isolation | institut instituts
instituteur instituteurs institutrice institutrices | recensement recensements | vote votes | logement logements
deplacement deplacements | deplace deplaces deplacee deplacees | voisin voisins voisine voisines | voisinage
regional regionaux regionale regionales | regionalisation | metropole metropoles | metropolitain metropolitains
groupe groupes | groupement groupements | regle regles | reglement reglements | moyen moyens | moyenne moyennes
ferme fermes | dessin dessins | dessinateur dessinateurs | haut hauts haute hautes | hauteur hauteurs | taille tailles
base bases | basse basses | exposition expositions | travail travaux
travailleur travailleurs travailleuse travailleuses | visite visites | visiteur visiteurs visiteuse visiteuses
createur createurs creatrice creatrices | creation creations | realisateur realisateurs realisatrice realisatrices
donateur donateurs donatrice donatrices | centre centres | photographie photographies | photographe photographes
mediation mediations | mediateur mediateurs mediatrice mediatrices | animateur animateurs animatrice animatrices
transformateur transformateurs | etablissement etablissements | traitement traitements
accompagnateur accompagnateurs accompagnatrice accompagnatrices | assurance assurances
france | franc francs | mais | toux | prix | fils | plant plants | plante plantes | bassin bassins | bassine bassines
enseigne enseignes | arabie | plomb plombs | plomberie plomberies | courrier courriers | collier colliers | aid aids
concert concerts | concertation concertations | refuge refuges | equite | equitation | routeur routeurs
parlement parlements | electeur electeurs electrice electrices | electrique electriques | capitale capitales
capitalisation capitalisations | mutualisation mutualisations | tapir tapirs | signalisation signalisations
signalement signalements | armee armees | armement armements | jardinage | oreiller oreillers | batterie batteries
batteuse batteuses | argenterie | sellerie selleries | epicerie epiceries | epice epices | colonne colonnes
colonisation colonisations | celebre celebres | engrais | engraissement | canal canaux | canalisation canalisations
sucrerie sucreries | huilerie huileries | teinturerie teintureries | cordonnerie cordonneries | cordon cordons
cordonnier cordonniers | coordonner | afin | vent vents | vente ventes | cassette cassettes | case cases
"""

FRENCH: Final = tuple(
    f"{', '.join(forms)} => {forms[0]}_"
    for line in _FRENCH.splitlines()
    for word in line.split("|")
    if (forms := word.split())
)
