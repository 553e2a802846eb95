"""Words that mean the same to a search, to begin with."""

from django.db import migrations

GROUPS = """
ocr, optical character recognition, text recognition, reading text
handwriting, handwritten, hand written, digit recognition, handwritten digits
image, picture, photo, bild
image classification, picture classification, bildklassifikation, bilderkennung, image recognition
object detection, detection, detector, objekterkennung
segmentation, instance segmentation, semantic segmentation, masks, segmentierung
face recognition, face detection, face embeddings, gesichtserkennung
pose estimation, human pose estimation, keypoints, skeleton
depth estimation, monocular depth estimation, depth map
tumour, tumor, cancer, malignant, krebs
diabetes, diabetic, zucker
translation, translate, translator, machine translation, uebersetzung, ubersetzung, ubersetzen
speech to text, transcription, transcribe, transcript, asr, speech recognition, dictation, spracherkennung
text to speech, tts, speech synthesis, voice synthesis, read aloud, sprachausgabe
llm, large language model, chat, chatbot, text generation, assistant, generate, sprachmodell
sentiment, sentiment analysis, opinion, opinion mining, stimmung
summarisation, summarization, summarise, summarize, summary, zusammenfassung
question answering, qa, q a, reading comprehension
named entity recognition, ner, entity extraction, token classification, token classify
embedding, embeddings, vector, sentence similarity, semantic search, feature extraction
rerank, reranker, reranking, relevance ranking
fraud, fraudulent, betrug, scam
churn, attrition, cancellation, kuendigung, kundigung
credit risk, credit score, credit scoring, default risk, kreditrisiko
forecast, forecasting, time series, prediction of demand, prognose, vorhersage
anomaly, anomaly detection, outlier, outlier detection, anomalie
recommendation, recommender, recommend, empfehlung
invoice, bill, receipt, rechnung
document, documents, form, paperwork, dokument
classification, classifier, classify, categorise, categorize, klassifikation
regression, estimate a number, numeric prediction
image generation, text to image, diffusion, draw pictures
super resolution, upscaling, upscale, superresolution
style transfer, artistic style
speaker recognition, speaker identification, voice identification, diarization, diarisation
noise suppression, denoise, denoising
code, coding, coder, programming, code generation
vision language, multimodal, vlm, visual question answering
licence plate, license plate, number plate, kennzeichen
vehicle, car, auto, fahrzeug
pedestrian, person, people, fussgaenger, fussganger
iris, flower, blume
claim, claims, insurance claim, schaden
spam, junk mail, unwanted mail
toxicity, moderation, content safety, guard, hate speech
colourisation, colorization, colorisation, colourise, colorize
action recognition, activity recognition
sound, audio, geraeusch, gerausch
maintenance, predictive maintenance, wartung
"""


def sow(apps, schema_editor) -> None:
    synonym = apps.get_model("marketplace", "Synonym")
    groups = [
        [term.strip() for term in line.split(",")] for line in GROUPS.splitlines() if line.strip()
    ]
    synonym.objects.using(schema_editor.connection.alias).bulk_create(
        [synonym(terms=terms) for terms in groups]
    )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0009_finding")]

    operations = [migrations.RunPython(sow, migrations.RunPython.noop)]
