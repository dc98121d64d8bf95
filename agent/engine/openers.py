"""Words by language, folded: what opens and closes chats, and what shops are asked most.

Texts of one or two words are too short for letter statistics, so the words themselves tell the language. The languages no
business here speaks stand in the list too: a text is another language's only where its words are.
"""

from __future__ import annotations

_WORDS = {
    "en": "hi hello hey hullo thanks thank thx cheers cheerio please bye goodbye morning evening afternoon yes yep yeah nope no "
    "help sorry what where when how why is are the my you your i can do does order orders anyone there ok okay great sure refund "
    "return returns parcel delivery shipping invoice size cost price late not have has want to a for and with it of in on payment see "
    "ya lol omg idk operator discount jacket boots money back cancel track u r",
    "de": "hallo ok okay halloo hallochen guten gute tag morgen abend nacht danke dankeee dankeschon bitte tschuss tschau ade servus moin "
    "gruss grusse gruezi gruzi hey leute ja nein ne nee doch hilfe entschuldigung was wo wann wie warum ist sind der die das den dem "
    "ein eine mein meine meinen ihr ihre euer eure ich du sie wir kann kannst konnen konnt jemand da super bestellung bestellt nicht "
    "kein keine keinen und zu auf mit von im vielen dank wiedersehen genau paket sendung lieferung lieferzeit versand rechnung "
    "retoure ruckgabe zuruck umtausch erstattung geld grosse kosten kostet preis zahlen bezahlen storno stornieren adresse andern fehlt "
    "weg kaputt zu spat mensch menschen haben habe hat will mochte brauche quittung kundigung konto gutschein rabatt",
    "es": "hola ok okay buenos buenas dias tardes noches gracias adios por favor si no ayuda perdon que donde cuando como cuanto cuanta mi mis "
    "el la los las un una es esta estan hay alguien ahi vale pedido paquete envio muchas hasta luego claro de en con para quiero "
    "necesito devolver devolucion producto cuesta tarda llega pagar factura talla reembolso dinero direccion cancelar",
    "it": "ciao ok okay buongiorno buonasera salve grazie prego arrivederci per favore si no aiuto scusa scusi cosa dove quando come quanto "
    "mio mia il lo la un una e c'e dov'e qualcuno va bene ordine pacco spedizione mille perfetto certo di in con vorrei voglio "
    "restituire reso prodotto costa arriva pagare fattura taglia rimborso soldi indirizzo annullare",
    "nl": "hallo ok okay hoi goedemorgen goedemiddag goedenavond goedendag goeiedag dag bedankt dank je jullie u wel alstublieft alsjeblieft "
    "doei nee ja hulp wat waar wanneer hoe mijn de het een is zijn er iemand bestelling pakket levering verzending prima groetjes "
    "graag tot ziens ik wil kan niet geen van op met voor terugsturen retour retourneren product kost duurt betalen factuur maat geld "
    "adres annuleren",
    "fr": "bonjour ok okay bonsoir salut coucou merci beaucoup au revoir oui non aide pardon quoi ou quand comment combien mon ma mes votre vos "
    "le la les un une des du de est il elle je j'ai vous quelqu'un commande colis livraison d'accord svp s'il plait dans avec pour "
    "voudrais veux retourner retour remboursement coute facture taille paiement payer adresse annuler c'est pas toujours recu",
    "pt": "ola oi bom boa dia tarde noite obrigado obrigada tchau por favor sim nao ajuda desculpe onde quando como quanto qual meu "
    "minha o a os as um uma e esta alguem pedido encomenda entrega ate logo quero devolver devolucao produto custa demora pagar fatura "
    "tamanho reembolso dinheiro endereco cancelar",
    "pl": "czesc dzien dobry dzieki dziekuje prosze tak nie pomoc gdzie kiedy jak ile jest moje moja moj zamowienie paczka dostawa "
    "kosztuje zwrot zwrocic chce faktura pieniadze rozmiar widzenia wieczor",
    "tr": "merhaba selam gunaydin tesekkurler tesekkur ederim lutfen evet hayir yardim nerede ne nasil kadar zaman siparisim kargo "
    "kargom iade fatura ucreti beden para hosca kal iyi gunler",
    "da": "hej tak goddag farvel ja nej hjaelp hvor hvornar hvordan hvad koster er min mit ordre pakke levering mange godmorgen retur "
    "jeg vil gerne",
    "sv": "hej tack god morgon hejda ja nej hjalp var nar hur vad kostar ar min mitt bestallning paket leverans retur jag vill",
    "no": "hei takk ja nei hjelp hvor nar hvordan hva koster er min mitt bestilling pakke levering retur jeg vil",
    "fi": "hei moi terve kiitos kylla ei apua missa milloin miten mita maksaa on minun tilaus tilaukseni paketti toimitus palautus",
    "id": "halo selamat pagi siang malam terima kasih tolong ya tidak bantuan mana kapan bagaimana berapa pesanan saya",
    "cs": "ahoj dobry den dekuji diky prosim ano ne pomoc kde kdy jak kolik je moje objednavka balik stoji doprava vraceni",
    "ro": "buna ziua salut multumesc va rog da nu ajutor unde cand cum cat costa este comanda mea coletul livrarea retur",
    "hu": "szia jo napot koszonom kerem igen nem segitseg hol mikor hogyan mennyi van a rendelesem csomagom szallitas visszakuldeni",
}  # fmt: skip

OPENERS: dict[str, frozenset[str]] = {language: frozenset(line.split()) for language, line in _WORDS.items()}

_GREETINGS = (
    "hi hello hey hiya howdy hullo good morning afternoon evening day there "
    "hallo halloo hallochen moin servus gruezi gruzi guten gute tag morgen abend gruss gott "
    "hola buenos buenas dias tardes noches buen dia "
    "ciao salve buongiorno buonasera buon giorno "
    "hoi goedemorgen goedemiddag goedenavond goedendag goeiedag"
)
GREETINGS: frozenset[str] = frozenset(_GREETINGS.split())
"""A text of these words alone says hello in one of the five languages and asks nothing."""

ANSWERS: frozenset[str] = frozenset(
    [
        "yes",
        "yep",
        "yeah",
        "no",
        "nope",
        "nah",
        "ok",
        "okay",
        "ja",
        "nein",
        "ne",
        "nee",
        "doch",
        "si",
        "claro",
        "vale",
        "va",
        "bene",
        "certo",
        "prima",
    ]
)
"""A text of these words alone is a bare yes or no: it has no mood."""
