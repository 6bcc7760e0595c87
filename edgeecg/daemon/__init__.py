"""The program that runs beside the patient: sources, engine, models, outbox and broker, wired. Nothing clever lives here."""
