"""What people are called at home: the short and dear forms of given names."""

from collections import defaultdict

# One name and its short forms a line; a short form may belong to several names.
TABLE = """
adelaide adele dele
agostino tino gostino
alberto berto
albina bina
alessandra sandra ale alessia
alessandro sandro ale alex alessio
alfonso fonso fonzo alfo
alfredo fredo dino
amalia lia
andrea andre
angela angelina angiolina lina
angelo angelino lino
anna annina annuccia nannina nina annarella
annamaria anna
annunziata nunzia nunziatina nunziella
antonella nella anto
antonia antonietta tonia nietta antonina nina tonina
antonio totò tonio tonino nino totonno antonello toni tony
armando mando
assunta assuntina susetta sunta
aurelio lello
bartolomeo bartolo meo
beatrice bice bea
benedetto benny detto
bernardo dino nando
camilla milla
carla carlotta carletta carluccia
carlo carletto carluccio carlino
carmela carmelina melina carmen lina nuccia
carmine carminuccio minuccio
caterina rina cate catia titina
chiara chiaretta
ciro ciruzzo
concetta concettina tina titina ciccina immacolata
cristina cri titti
daniela dani
daniele dani
diego dieguito
domenica mimma mimmina memena
domenico mimmo mimì menico meco domi minico
edoardo edo dado
elena lena lenuccia nuccia
eleonora nora ele norina
elisabetta betta elisa lisa lisetta bettina
emanuele manuele lele manu
emanuela manuela lela manu
enrica enrichetta rica
enrico rico enzo errico chicco
ernesto nesto
eugenio genio geny
ferdinando nando ferdy
filippo pippo lippo
filomena mena menuccia filuccia
fortunata nata tina
francesca franca ciccina cicca checca franceschina fra
francesco ciccio franco cecco cesco checco chicco francuccio franceschino
gabriele lele gabri
gabriella lella gabri gaby
gaetana tana gaetanina
gaetano tano nino gaetanino
gennaro gennarino jenny rino
genoveffa genny
gerardo gerry
giacomo giacomino mino jack
giancarlo carlo
gianluca luca gian
gianni giovanni
giorgio giorgino giò
giovanna giovannina gianna nina vanna giò
giovanni gianni nanni vanni giannino giò nino
giuliana giuly
giulio giulietto
giuseppa peppa peppina pina giuseppina
giuseppe peppe beppe pino peppino beppino pippo geppino peppiniello seppe bepi
giuseppina pina peppina giusy pinuccia giusi peppinella beppina giuseppa
giustina tina
gregorio gori
guglielmo memmo
ida iduccia
ignazio gnazio nazio
immacolata imma titina tina
isabella isa bella
lidia lidiuccia
lorenzo renzo enzo lore
luciana lucia
lucia lucietta luciuccia
luigi gigi gino luigino gigino giggino
luigia gina luisa luigina gigia
maddalena lena magda
marcello lello
margherita rita ghita marga
maria mariuccia mariella mimì marietta mary
mariagrazia grazia maria
mario marietto mariolino
massimiliano massimo max
massimo max mino
matteo teo
maurizio mauri icio
mercede mercedes
michela lina micky
michele chele lino michelino micky
natale natalino lino
nicola nico cola nicolino nick colino
nunzio nunziello
orazio razio
paola paoletta
paolo paolino paoletto
pasquale lino pasqualino pasquà pascale squalino
pasqualina lina pasqua
patrizia pat titti patty
pietro piero pierino petruccio
raffaela raffaella lella raffa
raffaele lello raffaello fele raffa
raffaella lella raffaela raffa
renato nato
roberta robi
roberto berto robi roby
rocco roccuccio
rosa rosina rosetta rosinella rosuccia
rosalia lia rosa
rosaria saria sara sarina
rosario saro sasà rosarino
salvatore totò turi turiddu salvo sasà tore toruccio rino
santa santina tina
sebastiano iano bastiano seba nello
serafina fina
silvana vana
silvestro vestro
simona simo
simone simo
stefano ste fano
teresa teresina sina resina terry
tommaso masino maso tommy
umberto berto
valentina vale tina
valeria vale
vincenza enza vincenzina cenzina
vincenzo enzo vicè cenzo vince vincenzino
vittoria vicky toria
vittorio vito vic
viviana vivi
alexandru alex sandu
andrii andriy andrei
elena lenuta ileana
elżbieta ela
ioan ion ionel nelu
constantin costel costica
gheorghe gigi george
ludmila mila liuda
mihaela miki ela
mohamed mohammed muhammad mohammad moh mehmet
oleksandr sasha oleksander
oleksandra sasha olesia
oksana ksenia
svitlana svetlana sveta
tetiana tatiana tania
vasile vasilica
yuliia yulia giulia
katarzyna kasia
małgorzata gosia
"""


def _groups() -> dict[str, frozenset[str]]:
    """For each name all others that may mean the same person, in folded letters."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in TABLE.translate(PLAIN).split("\n"):
        name, *short = line.split() or [""]
        for each in short:
            found[name].add(each)
            found[each].add(name)
    return {name: frozenset(others) for name, others in found.items()}


PLAIN = str.maketrans("àèéìòùżł", "aeeiouzl")
OTHERS = _groups()


def others(given_name: str) -> frozenset[str]:
    """The names that `given_name` (folded) may stand for, and its own short forms."""
    return OTHERS.get(given_name, frozenset())
