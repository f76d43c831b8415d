"""French words that the rules would take for others: « moines » for « moins », « ânes » for « ans », « commune » for
« commun ». Each is given in its forms, the first being its stem; folded, as they come to the rules. The mark at the end
of a stem keeps the rules that follow from it.
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
"""

FRENCH: Final = tuple(
    f"{', '.join(forms)} => {forms[0]}_"
    for line in _FRENCH.splitlines()
    for word in line.split("|")
    if (forms := word.split())
)
