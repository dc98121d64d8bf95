"""Words that open and close chats, by language and folded: texts of one or two words are too short for letter statistics."""

from __future__ import annotations

_WORDS = {
    "en": "hi hello hey thanks thank thx cheers please bye goodbye morning evening afternoon yes yep yeah nope help sorry what "
    "where when how why is the my you your i can do order anyone there ok great sure refund",
    "de": "hallo guten morgen abend danke dankeschon bitte tschuss servus moin gruss ja nein hilfe entschuldigung was wo wann wie "
    "warum ist der die das mein meine ich kann jemand da super bestellung nicht und gruzi vielen dank wiedersehen genau",
    "es": "hola buenos buenas dias tardes noches gracias adios por favor si ayuda perdon que donde cuando como mi el la es hay "
    "alguien ahi vale pedido muchas hasta luego claro",
    "it": "ciao buongiorno buonasera salve grazie prego arrivederci per favore si aiuto scusa scusi cosa dove quando come mio il la "
    "c'e qualcuno va bene ordine mille perfetto certo",
    "nl": "hallo hoi goedemorgen goedemiddag goedenavond dag bedankt dank je wel alstublieft alsjeblieft doei nee hulp wat waar "
    "wanneer hoe mijn de het is er iemand bestelling prima groetjes graag tot ziens",
    "fr": "bonjour bonsoir salut merci beaucoup au revoir oui non aide pardon quoi ou quand comment mon le la les est il quelqu'un "
    "commande d'accord svp s'il vous plait",
    "pt": "ola oi bom boa dia tarde noite obrigado obrigada tchau por favor sim nao ajuda desculpe onde quando como meu minha o a "
    "alguem pedido ate logo",
    "pl": "czesc dzien dobry dzieki dziekuje prosze tak nie pomoc gdzie kiedy jak moje zamowienie widzenia wieczor",
    "tr": "merhaba selam gunaydin tesekkurler tesekkur ederim lutfen evet hayir yardim nerede nasil siparisim hosca kal iyi",
    "da": "hej tak goddag farvel ja nej hjaelp hvor hvornar hvordan min ordre mange godmorgen",
    "sv": "hej tack god morgon hejda ja nej hjalp var nar hur min bestallning",
    "id": "halo selamat pagi siang malam terima kasih tolong ya tidak bantuan mana kapan bagaimana pesanan saya",
    "cs": "ahoj dobry den dekuji diky prosim ano ne pomoc kde kdy jak moje objednavka",
}

OPENERS: dict[str, frozenset[str]] = {language: frozenset(line.split()) for language, line in _WORDS.items()}
