"""Questions that people mark, on the portal: rubrics, piles, comments, two readers.

    tables   what the portal's database keeps of it;  papers  numbers for names, piles, second readers
    bank     comments to be used again;  sheets  who has which mark, and what is next
    overview, rubric_page, paper_page, line_pages, agreement_page   the pages;  pictures  plots that were handed in

What makes marks is on grading's own record (`record.judgements`), by `bookkeeping.judging`.
"""
