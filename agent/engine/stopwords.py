"""The commonest words of some languages, folded; they tell passages apart badly and cost precision in small libraries."""

from __future__ import annotations

_EN = """
a about after again all also am an and any anyone anything are as at be because been before being but by can could did
do does doing dont for from get got had has have having hello hey hi how i if im in into is isnt it its ive just know let like may
me might more most much my need no not now of on once one only or our out please really should so some someone still tell than
thank thanks that the their them then there these they this those to too up us very want was we were what whats when where
which while who why will with would you your
"""
_DE = """
aber alle allem allen als also am an auch auf aus bei beim bin bis bitte da damit danke dann das dass dein dem den denn der des
dich die dies diese diesem diesen dieser dieses dir doch du durch ein eine einem einen einer eines er es etwas euch euer eure eurem euren
fur gibt habe haben hab hallo hat hatte hier hi ich ihr ihre ihrem ihren im in ist ja jetzt kann kannst konnen konnte konnt
konntet man mal mein meine meinem meinen meiner mich mir mit mochte muss mussen nach nicht noch nun nur ob oder ohne schon
sehr sein seine sich sie sind so soll sollte uber um und uns unser unsere unter vom von vor wann war warum was weil welche
welchem welchen welcher welches wenn wer werde werden wie wieso will wir wird wo wurde wurden zu zum zur
"""
_ES = """
a al algo algun alguna ante como con cual cuales cuando cuanto cuantos cuanta de del desde donde e el ella ellos en entre era es esa ese
eso esta estan estar este esto estos estas fue fueron ha hay han hola la las le les lo los mas me mi mis muy no nos o os para pero
por porque puede puedo que quien quienes se ser si sin sobre son su sus tambien te tengo tiene tu tus un una unas uno unos y ya yo
"""
_IT = """
a ai al alla alle anche che chi ci ciao come con cosa cui da dal dalla dei del della delle di dove e ed era gli ha hai ho i il
in io la le lo loro ma mi mia mio ne nei nel nella non o per perche piu posso puo qual quale quali quando quanto quella quello questa
questo se sei si sono sta su sua sul sulla suo ti tra tu un una uno vi voi vorrei
"""
_NL = """
aan al als bij bent ben dan dat de der deze die dit doen door een en er ga geen had hallo heb hebben heeft het hier hij hoe hun ik
in is ja je jij jullie kan kun kunnen maar me meer met mij mijn moet na naar niet nog nu of om ons onze ook op over te toch tot u
uit uw van veel voor waar waarom wanneer was wat we wel welke werd wie wij wil word wordt zal ze zich zij zijn zo
"""
_FR = """
a ai au aux avec avez avoir bonjour ce cela ces cet cette comment dans de des du elle elles en est et etait ete etre fait il ils
j je l la le les leur lui ma mais me mes mon ne nos notre nous on ont ou par pas plus pour pourquoi puis peut quand que quel quelle quelles quels
qui quoi sa sans se ses si son sont sur ta te tes toi ton tu un une vos votre vous y
"""

STOPWORDS: dict[str, frozenset[str]] = {
    language: frozenset(block.split())
    for language, block in (("en", _EN), ("de", _DE), ("es", _ES), ("it", _IT), ("nl", _NL), ("fr", _FR))
}
