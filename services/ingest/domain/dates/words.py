"""The words of dates: months in the languages wires are written in, weekdays, zones of time."""

from __future__ import annotations

from typing import Final

_ENGLISH: Final = (
    "January Jan",
    "February Feb",
    "March Mar",
    "April Apr",
    "May",
    "June Jun",
    "July Jul",
    "August Aug",
    "September Sept Sep",
    "October Oct",
    "November Nov",
    "December Dec",
)
# Spanish, French, German, Portuguese, Italian. In full they stand in any text; what is short stands
# in datelines only, where "ago", "set" and "out" are no English words.
_FOREIGN: Final = (
    "enero janvier januar janeiro gennaio",
    "febrero février februar fevereiro febbraio",
    "marzo mars märz março",
    "abril avril aprile",
    "mayo mai maio maggio",
    "junio juin juni junho giugno",
    "julio juillet juli julho luglio",
    "agosto août",
    "septiembre septembre setembro settembre",
    "octubre octobre oktober outubro ottobre",
    "noviembre novembre novembro",
    "diciembre décembre dezember dezembro dicembre",
)
_SHORT: Final = (
    "ene jan janv gen",
    "feb fev févr fév",
    "mar mär",
    "abr avr apr",
    "mag may",
    "jun giu",
    "jul juil lug",
    "ago aug",
    "sep sept set",
    "oct okt out ott",
    "nov",
    "dic déc dez dec",
)


def _spellings(rows: tuple[str, ...], *, lower: bool) -> dict[str, int]:
    return {
        form: number
        for number, names in enumerate(rows, 1)
        for name in names.split()
        for form in (name.capitalize(), name.upper(), *([name] if lower else []))
    }


# A small "march" or "may" is a verb, so English months need their capital.
ENGLISH_MONTHS: Final = _spellings(_ENGLISH, lower=False)
TEXT_MONTHS: Final = ENGLISH_MONTHS | _spellings(_FOREIGN, lower=True)
DATELINE_MONTHS: Final = TEXT_MONTHS | _spellings(_SHORT, lower=True)

# More languages, for fields that hold a date and nothing else: Russian, Ukrainian, Turkish, Greek,
# Hungarian, Polish, Dutch, Indonesian, Arabic (two sets of names), Hebrew, Persian.
_FIELD: Final = (
    "января янв січня ocak oca ιανουαρίου ιαν január stycznia januari يناير ינואר בינואר ژانویه",
    "февраля фев лютого şubat şub φεβρουαρίου φεβ február februári lutego فبراير شباط פברואר فوریه",
    "марта мар березня mart μαρτίου μάρ μαρ március marca maart maret مارس آذار מרץ במרץ",
    "апреля апр квітня nisan nis απριλίου απρ április kwietnia أبريل نيسان אפריל באפריל آوریل",
    "мая травня mayıs μαΐου μάι μαϊ május maja mei مايو أيار מאי במאי مه",
    "июня июн червня haziran haz ιουνίου ιούν ιουν június czerwca يونيو حزيران יוני ביוני ژوئن",
    "июля июл липня temmuz tem ιουλίου ιούλ ιουλ július lipca يوليو تموز יולי ביולי ژوئیه",
    "августа авг серпня ağustos ağu αυγούστου αύγ αυγ augusztus sierpnia agustus أغسطس אוגוסט اوت",
    "сентября сен вересня eylül eyl σεπτεμβρίου σεπ szept września سبتمبر أيلول ספטמבר سپتامبر",
    "октября окт жовтня ekim eki οκτωβρίου οκτ október października أكتوبر אוקטובר באוקטובר اکتبر",
    "ноября ноя листопада kasım kas νοεμβρίου νοέ νοε listopada نوفمبر נובמבר בנובמבר نوامبر",
    "декабря дек грудня aralık ara δεκεμβρίου δεκ grudnia desember ديسمبر דצמבר בדצמבר دسامبر",
)
FIELD_MONTHS: Final = {form.casefold(): number for form, number in DATELINE_MONTHS.items()} | {
    name.casefold(): number for number, names in enumerate(_FIELD, 1) for name in names.split()
}

_WEEKDAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
WEEKDAYS: Final = {
    form: number
    for number, name in enumerate(_WEEKDAYS)
    for short in (name, name[:3], name[:4])
    for form in (short, short.upper())
} | {"Thurs": 3, "THURS": 3}
LONG_WEEKDAYS: Final = {name: number for number, name in enumerate(_WEEKDAYS)}

# In a date field they say nothing that the date does not, and are not checked.
FOREIGN_WEEKDAYS: Final = frozenset(
    "lunes martes miércoles miercoles jueves viernes sábado sabado domingo lun mié mie jue vie sáb"
    " lundi mardi mercredi jeudi vendredi samedi dimanche mer jeu ven sam dim"
    " montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so"
    " segunda-feira terça-feira quarta-feira quinta-feira sexta-feira seg ter qua qui sex"
    " lunedì martedì mercoledì giovedì venerdì sabato domenica gio dom mar"
    " понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс"
    " pazartesi salı çarşamba perşembe cuma cumartesi pazar paz pzt sal çar per cum cmt"
    " κυρ δευ τρι τετ πεμ παρ σαβ".split()
)

# Hours east of Greenwich. A name that means several zones (IST, ET, CST in Beijing) is not here:
# its time is read as UTC and flagged.
ZONES: Final = {
    "Z": 0,
    "GMT": 0,
    "UTC": 0,
    "UT": 0,
    "WET": 0,
    "BST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "PKT": 5,
    "HKT": 8,
    "JST": 9,
    "KST": 9,
    "EDT": -4,
    "EST": -5,
    "CDT": -5,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}

NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"a": 1, "an": 1}
