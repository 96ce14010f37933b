"""The words by which `same_question` tells whether two prompts ask the same: small tables, to read and to add to.

A line in SAME or PHRASES says "this changes no answer". Where that isn't sure, leave it out: the price is a miss.
"""

from __future__ import annotations

START = "\N{START OF TEXT}"  # written "^" in the table: only where the prompt begins

# Phrases, and after "=" what they come down to. Longer phrases are tried first.
PHRASES_TEXT = """
how do i | how do you | how do we | how does one | how can i | how can you | how can we | how can one | how should i
how should you | how should one | how would i | how would you | how could i | how to | how may i | what is the way to
what is the best way to | what is the best way of | what is a good way to | what is the right way to
what can i do to
what should i do to | what are the steps to | what are the steps for | steps to | what are some ways to
what are ways to | ways to | ^ give me instructions for | ^ instructions for | ^ tell me how to | ^ show me how to
^ teach me how to | ^ explain how to | ^ explain how | ^ show how to | what is the command to
= how
what is | what are | what would be | ^ what does it mean to | ^ explain what | ^ tell me about | ^ tell me what
^ explain to me | ^ explain | ^ describe | ^ define | ^ explain the concept of | ^ explain the term
^ define the term
what is meant by | what is the definition of | ^ give a definition of
^ give me a definition of | ^ definition of | ^ calculate | ^ compute | ^ evaluate | ^ work out | ^ find the
^ find the value of | what is the value of | how much is | ^ give me the | which city is | what city is
= what
^ can you please | ^ could you please | ^ would you please | ^ can you | ^ could you | ^ would you | ^ will you
^ please
^ i want you to | ^ i would like you to | ^ i want to know | ^ i would like to know | ^ i need to know | ^ do you know
^ help me | ^ hi | ^ hello | ^ hey
= ^
^ explain why | ^ tell me why | what makes | what causes | what is the reason | what is the cause of
warum | wieso | weshalb | pourquoi | por qué
= why
^ give me | ^ suggest | ^ recommend | what are some | ^ write me | ^ compose | ^ give me some | ^ suggest some
^ recommend some
= write
in what year | which year | in which year | what year
= when
get rid of
= remove
cannot
= can not
is it safe to | can you safely | can i safely
= safely
is it ok to | is it okay to | is it possible to | am i allowed to
= can
number of
= how many
how frequently | how often do i | how often should i | how often do you | how often should you
how frequently should i
how frequently do i | how often do i need to | how frequently do i need to | how often does one
= how often
how long does it take to | how much time does it take to
= how long take
how long do i | how long do you | how long should i | how long should you | how many minutes do i
how many minutes should i
= how long
what is the best time to | when is the best time to
= when best
how do you say | how do i say | how would you say | how does one say | how can i say | translate the sentence
translate the phrase | translate the word | ^ translation of
= translate
per cent | percent
= %
without using
= without
using | by using
= with
regular expression
= regex
segmentation fault
= segfault
a few
= a-few
a little
= a-little
a lot of | lots of
= a-lot
wie kann ich | wie kann man | wie soll ich | wie sollte ich | wie mache ich | wie macht man
= wie
was bedeutet | was ist | was sind | was versteht man unter | was heißt | ^ erkläre mir | ^ erkläre | wie heißt
wie lautet | welche stadt ist
= what
wie viele einwohner hat | wie viele menschen leben in
= einwohner
cómo puedo | cómo se puede | cómo podría | cómo se | cómo hago para
= cómo
qué es | qué son | ^ explica | ^ explícame | qué significa | cuál es | cuáles son | qué ciudad es | qué quiere decir
= what
comment est ce que je | comment puis je | comment est ce qu on | comment peut on | comment je peux
= comment
qu est ce que | qu est ce qu | c est quoi | quelle est | quel est | quels sont | quelles sont | ^ explique moi
que signifie
= what
"""

# Words that mean the same in a question; the first of a line stands for all of them.
SAME_TEXT = """
remove eliminate
delete erase
make create
fix repair
buy purchase
big large
biggest largest
smallest tiniest
fast quick quickly rapidly
faster quicker
fastest quickest
begin start
child kid
children kids
gift present
picture photo
phone telephone
movie film
car automobile
tyre tire
colour color
centre center
grey gray
mould mold
favourite favorite
organise organize
summarise summarize
analyse analyze
faucet tap
leaking leaky
plane airplane aeroplane
biscuit cookie
chance probability
idea suggestion
advantage benefit pros
disadvantage drawback cons
dictionary dict
directory folder
function func
regex regexp
duplicate dup
database db
parameter param
exit quit
if whether
what which
past was were did
illness disease
doctor physician
tallest highest
translate say translation
metre meter
kilometre kilometer km
kilogram kilo kg
centimetre centimeter cm
millimetre millimeter mm
litre liter
dollar usd
euro eur
1 one
2 two
3 three
4 four
5 five
6 six
7 seven
8 eight
9 nine
10 ten
11 eleven
12 twelve
20 twenty
30 thirty
50 fifty
100 hundred
1000 thousand
1st first
2nd second
3rd third
4th fourth
5th fifth
"""

# Verbs whose -ing and -ed forms are put back to the verb: "ways of learning", "how is it calculated".
VERB_TEXT = """
learn cook boil bake clean write make create use calculate compute convert find grow remove prepare apply install
improve
cite spell pronounce sort reverse merge delete rename check print parse format match divide multiply speak say play
draw
sing fold tie reset connect cancel translate train build
"""
PAST_TEXT = """
spoken speak
written write
made make
built build
grown grow
said say
found find
drawn draw
cut cut
read read
sung sing
"""

# Plurals that are another thing than more of one.
PLURAL_TEXT = "glasses goods arms customs spirits means news clothes pants shorts stairs contents looks times windows"

# A prompt with one of these is about words themselves: no synonym, plural or article may be changed in it.
ABOUT_WORDS_TEXT = """
translate translation say word words spell spelling spelled pronounce pronunciation rhyme rhymes synonym synonyms
antonym antonyms plural singular noun verb
adjective adverb tense conjugate conjugation grammar grammatical syllable syllables
letter letters etymology mean means meaning definition sentence phrase correct rewrite rephrase paraphrase proofread
wort wörter übersetze übersetzung heißt bedeutet satz reim plural palabra palabras traduce traducir significa frase
mot mots traduis traduire signifie phrase rime orthographe
"""

# Left out: they carry grammar or politeness. Never what can change an answer: not, no, from, for, on, or, by, some.
IDLE_TEXT = """
a an the that this is are do does it its to of in at into and also there please just kindly actually really
"""
# The same in other languages; a word of the first text says that a prompt is in that language.
IDLE_ELSEWHERE = [
    (frozenset(signs.split()), frozenset(idle.split()))
    for signs, idle in (
        (
            "wie ist sind ich warum wieso welche welcher wer wo darf kann",
            "der die das den dem des ein eine einen einem einer ist sind ich man mir bitte zu zum zur im am",
        ),
        ("cómo qué cuál cuáles quién dónde cuándo por", "el la los las un una unos unas es son de del en"),
        (
            "comment quel quelle quels quelles qui pourquoi où quand que qu",
            "le la les l un une des du de d est sont je s en",
        ),
    )
]

# Compared wherever they stand: the kind of question near the start, and a language if the prompt names just one.
LOOSE_TEXT = "how what why when where wie cómo comment translate"
LOOSE_PLACES = 3
LANGUAGE_TEXT = """
python java javascript typescript rust go golang ruby php perl scala kotlin swift c c++ c# r sql bash css html
haskell lua
git pandas numpy docker excel
"""
SYSTEM_TEXT = "linux windows macos mac ubuntu debian android ios iphone"
TONGUE_TEXT = """
english german french spanish italian portuguese dutch swedish danish norwegian finnish polish czech russian ukrainian
turkish arabic hebrew hindi chinese mandarin japanese korean vietnamese thai greek latin
"""

# Written with a capital, or without "a" before them, these are something else.
TWO_FACED_TEXT = """
apple turkey python java rust swift go polish march may china windows word excel us it mercury amazon shell ruby
who aids
"""

# What is true only for a while, and what refers to something that was said or shown.
FLEETING_TEXT = """
today tonight tomorrow yesterday now nowadays currently current latest newest recent recently upcoming ongoing
weather forecast news headlines price prices previous earlier again continue
heute morgen gestern jetzt aktuell aktuelle aktuellen derzeit neueste neuesten wetter nachrichten momentan
hoy ahora ayer actual actualmente último última últimas últimos noticias clima mañana
aujourd maintenant hier demain actuel actuelle actuellement dernier dernière dernières météo
"""
FLEETING_PHRASES_TEXT = """
this week | this month | this year | last week | last month | last year | next week | next month | next year
right now
at the moment | these days | so far | as of | what time | which day | what day | what date | up to date | to date
how long ago | who is the president | who is the prime | who is the ceo | another one | give me another
tell me another
you said | you just | surprise me | something else | diese woche | dieses jahr | diesen monat | letzte woche
nächste woche | esta semana | este año | este mes | cette semaine | cette année | ce mois
"""


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def _phrases() -> dict[str, str]:
    table = _named()
    waiting: list[str] = []
    for line in PHRASES_TEXT.strip().replace("^", START).splitlines():
        if line.startswith("= "):
            for phrase in waiting:
                start = START if phrase.startswith(START) else ""
                table[phrase] = f"{start} {line[2:].replace(START, '')}".strip()
            waiting = []
        else:
            waiting += [phrase.strip() for phrase in line.split("|")]
    return dict(sorted(table.items(), key=lambda entry: -len(entry[0])))


def _named() -> dict[str, str]:
    """Phrases around the name of a language or a system."""
    table = {f"on {name}": name for name in SYSTEM_TEXT.split()}
    for name in TONGUE_TEXT.split():
        to, mean = f"{name} translate", f"{name} what"
        table |= {f"what is the {name} word for": to, f"what is {name} for": to, f"what is the {name} meaning of": mean}
        table |= {f"what is the {name} translation of": to, f"give me the {name} translation of": to}
    return table


PHRASES = _phrases()
SAME = {word: line[0] for line in _lines(SAME_TEXT) for word in line}
DOING = {f"{verb.removesuffix('e')}ing": verb for verb in VERB_TEXT.split()} | {"cutting": "cut"}
DONE = {f"{verb.removesuffix('e')}ed": verb for verb in VERB_TEXT.split()} | dict(_lines(PAST_TEXT))
PLURALS = frozenset(PLURAL_TEXT.split())
ABOUT_WORDS = frozenset(ABOUT_WORDS_TEXT.split())
IDLE = frozenset(IDLE_TEXT.split())
LOOSE = frozenset(LOOSE_TEXT.split())
TONGUES = frozenset(TONGUE_TEXT.split())
LANGUAGES = frozenset([*LANGUAGE_TEXT.split(), *SYSTEM_TEXT.split(), *TONGUES])
TWO_FACED = frozenset(TWO_FACED_TEXT.split())
FLEETING = frozenset(FLEETING_TEXT.split())
FLEETING_PHRASES = tuple(
    phrase.strip() for phrase in FLEETING_PHRASES_TEXT.replace("\n", "|").split("|") if phrase.strip()
)
