"""What the instructor wrote: course and assignments, marking scheme, roster and tables, masters and known solutions."""
