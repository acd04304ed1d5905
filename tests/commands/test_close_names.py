"""What is said where a misspelt name was graded, and where it was graded before that was wanted."""

from tiny import RIGHT, ipynb, small_course

IN_PROCESSES = ("--sandbox", "process", "--workers", "1")


def test_show_says_what_was_taken_for_what_and_grade_that_old_marks_stay(tmp_path, monkeypatch, grader):
    paths = small_course(tmp_path)
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    (tmp_path / "ada.ipynb").write_bytes(ipynb(*(cell.replace("running_sum", "runing_sum") for cell in RIGHT)))
    assert "marks stay so" not in grader("grade", "tiny", tmp_path / "ada.ipynb", *IN_PROCESSES)[2]
    assert "was taken for" not in grader("show", "ada", "tiny")[1]
    toml = tmp_path / "course.toml"
    toml.write_text('close_names = "grade"\n' + toml.read_text().replace('close_names = "report"\n', ""))
    said = grader("grade", "tiny", *IN_PROCESSES)[2]
    assert "1 were graded with another close_names in course.toml than now, and their marks stay so" in said
    assert "1 marks changed" in grader("regrade", "tiny", *IN_PROCESSES)[1]
    assert "q3: runing_sum (cell 4) was taken for running_sum" in grader("show", "ada", "tiny")[1]
    assert "marks stay so" not in grader("grade", "tiny", *IN_PROCESSES)[2]
    assert paths.record.is_file()
