"""Short replies that ask for nothing of their own: "yes", "go on", "thanks", in the languages that users write."""

from __future__ import annotations

from enum import Enum

from router_plugin.tokens import tokens

MAX_WORDS = 8  # a longer reply says something


class Reply(str, Enum):
    """What a message is, going by its words alone."""

    GO_ON = "go_on"
    THANKS = "thanks"
    OTHER = "other"


def _folded(text: str) -> frozenset[str]:
    return frozenset(" ".join(tokens(phrase)) for phrase in text.split("|"))


_GO_ON = _folded(
    "yes|yeah|yep|yup|sure|ok|okay|okey|k|y|go|ahead|on|continue|proceed|next|more|do|it|that|approved|approve|confirm"
    "|confirmed|agreed|right|correct|exactly|keep|going|carry|finish|start|please|resume|lgtm|ship|again|retry|1|2|both"
    "|ja|jo|gerne|mach|weiter|bitte|genau|passt|klar|leg|los|einverstanden|tu|das|so|fortfahren"
    "|oui|continue|continuez|vas|y|allez|daccord|accord|d|suite|la|ouais|poursuis"
    "|si|sí|claro|vale|adelante|sigue|continua|continúa|hazlo|dale|seguir|procede|por|favor"
    "|sim|pode|continuar|continue|continua|isso|vai|faz|faça|manda|ver|segue|prossiga"
    "|procedi|continua|certo|vai|va|bene|avanti|fallo|pure"
    "|ja|graag|doe|maar|ga|door|verder|prima|goed"
    "|tak|dalej|jasne|kontynuuj|prosze|proszę|dawaj|rob|zrob|zrób|dobrze|to"
    "|да|давай|продолжай|продолжайте|дальше|ок|хорошо|конечно|так|далі|продовжуй|добре|ага|делай"
    "|evet|tamam|devam|et|olur|lutfen|lütfen|yap"
    "|ya|lanjut|lanjutkan|oke|boleh|silakan|teruskan"
    "|vâng|dạ|ừ|được|tiếp|tục|đi|có|làm"
    "|हाँ|हां|जी|ठीक|है|करो|आगे|बढ़ो|जारी|रखो|रखें|कर|दो|कीजिए|चलो|बढ़िए"
    "|نعم|اكمل|أكمل|تابع|استمر|موافق|حسنا|تمام|ايوه|طيب|واصل"
    "|응|네|예|그래|좋아|좋아요|계속|계속해|계속해줘|해|줘|해줘|진행해|진행해줘|부탁해|부탁해요|ㅇㅇ|그렇게"
)
_GO_ON_WHOLE = _folded(
    "好|好的|行|可以|继续|繼續|是|是的|对|嗯|请继续|开始吧|好啊|同意|就这样|没问题|接着|下一步|往下|继续吧|好继续"
    "|はい|うん|お願いします|続けて|続き|続けてください|続けてお願いします|はいお願いします|お願い|いいよ|進めて|進めてください|ええ|どうぞ|それで|いいですね|オーケー|了解"
    "|ได้|ครับ|ค่ะ|ใช่|ต่อ|ต่อเลย|โอเค|ตกลง"
)
_THANKS = _folded(
    "thanks|thank|thx|ty|tnx|cheers|appreciated|danke|dankeschön|merci|gracias|obrigado|obrigada|valeu|grazie|bedankt"
    "|dank|dzięki|dziękuję|dzieki|спасибо|дякую|teşekkürler|teşekkür|sağol|makasih|terima|kasih|cảm|ơn|धन्यवाद|शुक्रिया"
    "|شكرا|شكراً|고마워|감사합니다|고맙습니다|감사해요|고마워요|bye|goodbye|perfect|awesome|lol|noted|tschüss"
)
_THANKS_WHOLE = _folded(
    "谢谢|謝謝|多谢|谢谢你|太好了谢谢|ありがとう|ありがとうございます|ありがとうございました|助かりました|ขอบคุณ|ขอบคุณครับ|ขอบคุณค่ะ"
)
_FILLER = _folded(
    "you|u|so|much|very|a|lot|great|good|nice|cool|well|that|s|is|all|for|now|the|help|helps|i|really|fine|sounds|looks"
    "|super|toll|prima|dir|ihnen|schön|vielen|sehr|das|war|es|beaucoup|bien|parfait|très|muchas|mucho|muy|perfecto|bien"
    "|muito|ótimo|perfeito|boa|mille|tante|perfetto|ottimo|erg|veel|je|wel|hoor|bardzo|super|большое|отлично|супер|то"
    "|çok|ederim|banyak|nhiều|lắm|बहुत|अच्छा|جزيلا|ممتاز|정말|잘|너무|man|mate|dude|haha|ah|oh|hm|and|then|with|let"
    "|us|lets|plan|just|now|me|job|done|work|we|are|not|no|nothing|else|see|later|day|have|night|get|excellent|brilliant"
)


def reply_kind(text: str) -> Reply:
    """GO_ON or THANKS for a short reply that consists of such words only; else OTHER. Emoji alone mean GO_ON."""
    if len(text) > 120:
        return Reply.OTHER
    found = tokens(text)
    if not found:
        return Reply.GO_ON if text.strip() and not text.isascii() else Reply.OTHER
    whole = " ".join(found)
    if whole in _THANKS_WHOLE:
        return Reply.THANKS
    if whole in _GO_ON_WHOLE:
        return Reply.GO_ON
    if len(found) > MAX_WORDS or "?" in text or "？" in text:
        return Reply.OTHER
    words = set(found)
    if not words <= _GO_ON | _THANKS | _FILLER:
        return Reply.OTHER
    if words & _THANKS and not words & _FIRM:
        return Reply.THANKS
    return Reply.GO_ON if words & _GO_ON else Reply.OTHER


# Beside a word of thanks these still accept an offer: "yes, thanks".
_FIRM = _folded(
    "yes|yeah|yep|sure|please|go|continue|proceed|ja|bitte|gerne|oui|si|sí|sim|tak|да|так|evet|ya|vâng|हाँ|نعم|네|certo|jasne"
)
